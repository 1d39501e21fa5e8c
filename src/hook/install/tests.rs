//! Scenarios of install, uninstall and status with real Git.

//! Tells the addresses of `audit.notify` what waits for them; `curl` does the talking.

use super::Exit;
use super::output::{complain, remark};
use crate::audit::Spool;
use crate::git::{Repo, counted, leave_push};
use crate::policy::settings::{Address, Audit, Proxy};
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use time::OffsetDateTime;

/// Begins to tell, and does not wait: Git goes on when nobody holds the pipes of a hook any more.
pub(super) fn begin(repo: &Repo, config: Option<&Path>) {
    let begun = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.args(["audit", "send"]);
        if let Some(config) = config {
            command.args([OsStr::new("--config"), config.as_os_str()]);
        }
        leave_push(&mut command, repo);
        let quiet = [(); 3].map(|()| Stdio::null());
        let [stdin, stdout, stderr] = quiet;
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        command.spawn().map(drop)
    });
    if let Err(error) = begun {
        remark(&[format!("nobody is told of the push: {error}")]);
    }
}

/// `portcullis audit send`.
pub(super) fn send(repo: &Repo, audit: &Audit) -> Exit {
    let post = |address: &Address, body: &Path| post(address, audit.proxy.as_ref(), body);
    let sent = Spool::of(repo).send(&audit.notify, &post, OffsetDateTime::now_utc());
    match sent {
        Ok(sent) if sent.left == 0 => Exit::Clean,
        Ok(sent) => {
            let why: Vec<String> = sent.why.into_iter().collect();
            let why = format!(
                "{}: {}",
                counted(sent.left, "message waits", "messages wait"),
                why.join("; ")
            );
            complain(Exit::Undecided, &why)
        }
        Err(error) => complain(Exit::Undecided, &format!("portcullis/spool: {error}")),
    }
}

/// The variables that `curl` is left: where programs are, and what Windows cannot do without. All else
/// in the environment of a hook may come from who pushes (`AcceptEnv` and `PermitUserEnvironment` of
/// sshd, the headers of a request under CGI), and could send the message by way of them.
const LEFT: [&str; 3] = ["PATH", "SystemRoot", "TEMP"];

/// One message. The address may be a secret, and is in no list of processes.
fn post(address: &Address, proxy: Option<&Proxy>, body: &Path) -> Result<(), String> {
    const OPTIONS: &str = "silent\nshow-error\nfail\ngloboff\nrequest = \"POST\"\n\
                           header = \"Content-Type: application/json\"\noutput = \"/dev/null\"\n\
                           proto = \"=http,https\"\nconnect-timeout = 10\nmax-time = 30\n";
    let failed = |error: std::io::Error| format!("curl: {error}");
    let mut data = std::ffi::OsString::from("@");
    data.push(body);
    let mut child = Command::new("curl")
        // Nothing of the account's own settings.
        .args(["-q", "--config", "-", "--data-binary"])
        .arg(data)
        .env_clear()
        .envs(
            LEFT.iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        let address = String::from_utf8_lossy(address.expose());
        let through = match proxy {
            Some(proxy) => format!("proxy = \"{}\"", String::from_utf8_lossy(proxy.expose())),
            None => "noproxy = \"*\"".to_owned(),
        };
        let text = format!("url = \"{address}\"\n{through}\n{OPTIONS}");
        // Where it has ended already, its status says why.
        let _ = stdin.write_all(text.as_bytes());
    }
    let status = child.wait().map_err(failed)?;
    // What curl says may repeat the address.
    match status.success() {
        true => Ok(()),
        false => Err(format!("{address}: curl ends with {status}")),
    }
}

#!/bin/sh
# portcullis: managed; `portcullis uninstall` puts back what was here
# Not an event of portcullis: runs the hook that this directory stands in front of, if there is one.
next=''
if [ -f "$next" ] && [ -x "$next" ]; then
    exec "$next" "$@"
fi

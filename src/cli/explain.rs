//! `portcullis explain`: a rule, or a finding by its fingerprint.
use super::Exit;
use super::args::Explain as Args;
pub(super) fn run(args: &Args) -> Exit {
    super::catalogue::show(&args.id, args.look.config.as_deref())
}

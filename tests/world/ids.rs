//! The ids of the checks that scenarios expect, in one place.

pub(crate) const GITHUB: &str = "secrets/github-personal-access-token";
pub(crate) const GITLAB: &str = "secrets/gitlab-personal-access-token";
pub(crate) const NPM: &str = "secrets/npm-access-token";
pub(crate) const AWS_ID: &str = "secrets/aws-access-key-id";
pub(crate) const AWS_SECRET: &str = "secrets/aws-secret-access-key";
pub(crate) const AWS_PAIR: &str = "secrets/aws-secret-access-key-pair";
pub(crate) const OPENSSH_KEY: &str = "secrets/private-key-openssh";
pub(crate) const PRIVATE_KEY: &str = "secrets/private-key";
pub(crate) const JWT: &str = "secrets/jwt";
pub(crate) const STRIPE: &str = "secrets/stripe-secret-key";
pub(crate) const SLACK: &str = "secrets/slack-bot-token";
pub(crate) const BASIC_AUTH: &str = "secrets/url-password";
pub(crate) const PASSWORD: &str = "secrets/generic-password";
pub(crate) const GENERIC: &str = "secrets/generic-secret";

pub(crate) const ENV_FILE: &str = "env-files/env-file";

pub(crate) const REF_PUSH: &str = "refs/push";
pub(crate) const REF_CREATE: &str = "refs/create";
pub(crate) const REF_DELETE: &str = "refs/delete";
pub(crate) const REF_FORCE: &str = "refs/force";
pub(crate) const REF_NAME: &str = "refs/name";
pub(crate) const REF_DUPLICATE: &str = "refs/duplicate";
pub(crate) const REF_MERGE_ONLY: &str = "refs/merge-only";
pub(crate) const REF_MERGE_FROM: &str = "refs/merge-from";
pub(crate) const REF_LINEAR: &str = "refs/linear";
pub(crate) const REF_NAMES: &str = "refs/names";
pub(crate) const REF_STALE: &str = "refs/stale";
pub(crate) const REF_LOOK_ALIKE: &str = "refs/look-alike";
pub(crate) const REF_FREEZE: &str = "refs/freeze";
pub(crate) const REF_ANNOTATED: &str = "refs/annotated";
pub(crate) const REF_DEFAULT_BRANCH: &str = "refs/default-branch";
pub(crate) const REF_LAST_BRANCH: &str = "refs/last-branch";
pub(crate) const REF_SIGNED: &str = "refs/signed";
pub(crate) const REF_SIGNER: &str = "refs/signer";
pub(crate) const REF_PUSH_CERT: &str = "refs/push-cert";
pub(crate) const REF_CONFIRM: &str = "refs/confirm";
pub(crate) const PUSH_OPTION: &str = "refs/push-option";
pub(crate) const REF_LIMIT: &str = "refs/limit";
pub(crate) const REF_APPROVALS: &str = "refs/approvals";
pub(crate) const REF_OWNERS: &str = "refs/owners";
pub(crate) const REF_APPROVAL: &str = "refs/approval";
pub(crate) const REF_RESERVED: &str = "refs/reserved";

pub(crate) const CONVENTIONAL: &str = "commits/conventional";
pub(crate) const SUBJECT_LENGTH: &str = "commits/subject-length";
pub(crate) const BLANK_LINE: &str = "commits/blank-line";
pub(crate) const SIGN_OFF: &str = "commits/sign-off";
pub(crate) const REQUIRE: &str = "commits/require";
pub(crate) const FORBID: &str = "commits/forbid";
pub(crate) const FIXUP: &str = "commits/fixup";
pub(crate) const AUTHOR_EMAIL: &str = "commits/author-email";
pub(crate) const COMMITTER: &str = "commits/committer";
pub(crate) const DATE: &str = "commits/date";

pub(crate) const IMPERATIVE: &str = "commits/imperative";
pub(crate) const PATH_LENGTH: &str = "content/path-length";
pub(crate) const FILE_SIZE: &str = "content/file-size";
pub(crate) const CONTENT_PATH: &str = "content/path";
pub(crate) const LFS: &str = "content/lfs";
pub(crate) const NAME: &str = "content/name";
pub(crate) const TYPE: &str = "content/type";
pub(crate) const SUBMODULE: &str = "content/submodule";
pub(crate) const TOGETHER: &str = "content/together";

//! A web server in front of `git http-backend`: nginx, and fcgiwrap behind it.

use super::{Daemon, account, installed};
use crate::world::{Repo, World, assigned, ids};

const NGINX: [&str; 2] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"];
const FCGIWRAP: [&str; 2] = ["/usr/sbin/fcgiwrap", "/usr/local/sbin/fcgiwrap"];

/// A web server that lets alice and bob in by their passwords.
struct Web {
    port: u16,
    _daemons: [Daemon; 2],
}

impl Web {
    fn start(world: &World) -> Option<Self> {
        let nginx = installed("nginx", &NGINX)?;
        let fcgiwrap = installed("fcgiwrap", &FCGIWRAP)?;
        let back = world.plain_dir("fcgiwrap");
        let socket = back.dir.join("socket");
        let mut wrap = Daemon::start(
            &back,
            &fcgiwrap,
            &["-s", &format!("unix:{}", socket.display())],
        );
        if !wrap.waits_for(&|| socket.exists()) {
            back.fail("fcgiwrap does not begin");
        }
        let front = world.plain_dir("nginx");
        front.write("people", "alice:{PLAIN}of-alice\nbob:{PLAIN}of-bob\n");
        let backend = front.shell("git --exec-path").ok().text().to_owned();
        let mut params = String::new();
        for (name, value) in back.environment() {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            params.push_str(&format!("fastcgi_param {name} \"{value}\";\n"));
        }
        let (user, root) = (account(world), world.path("."));
        let user = if user == "root" { "user root;" } else { "" };
        let parts = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let places = parts.map(|part| format!("{part}_temp_path {part};\n"));
        let places = places.concat();
        let config = |port| {
            format!(
                "{user}\ndaemon off;\npid pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}\
                 server {{\nlisten 127.0.0.1:{port};\nlocation / {{\n\
                 auth_basic git;\nauth_basic_user_file {front}/people;\n{params}\
                 fastcgi_param SCRIPT_FILENAME {backend}/git-http-backend;\n\
                 fastcgi_param GIT_PROJECT_ROOT {root};\nfastcgi_param GIT_HTTP_EXPORT_ALL 1;\n\
                 fastcgi_param PATH_INFO $uri;\nfastcgi_param REMOTE_USER $remote_user;\n\
                 fastcgi_param QUERY_STRING $query_string;\nfastcgi_param REQUEST_METHOD $request_method;\n\
                 fastcgi_param CONTENT_TYPE $content_type;\nfastcgi_param CONTENT_LENGTH $content_length;\n\
                 fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;\n\
                 fastcgi_pass unix:{socket};\n}}\n}}\n}}\n",
                front = front.dir.display(),
                root = root.display(),
                socket = socket.display(),
            )
        };
        let prefix = front.dir.to_str().unwrap();
        let args = ["-p", prefix, "-e", "stderr", "-c", "config"];
        let answer = ("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 401");
        let (serve, port) = Daemon::listening(&front, &nginx, &args, &config, answer);
        Some(Self {
            port,
            _daemons: [serve, wrap],
        })
    }

    /// A clone that pushes as one of them.
    fn hand(&self, clone: &Repo, name: &str) -> Repo {
        let url = format!("http://{name}:of-{name}@127.0.0.1:{}/origin.git", self.port);
        clone
            .git_with(&["remote", "set-url", "--push", "origin", &url])
            .ok();
        clone.within(".")
    }
}

#[test]
fn over_http_each_is_known_by_the_name_of_the_log_in() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server.hook("pre-receive").policy(
        "[identity]\nsource = \"http\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"alice\"]\n",
    );
    let Some(web) = Web::start(&world) else {
        return;
    };
    // What is larger than Git's buffer comes in pieces, of a length that nobody tells before.
    clone.git("config http.postBuffer 65536").ok();
    let numbers = (0..100_000_u64).map(|number| format!("{}\n", number * number % 9_999_991));
    let next = clone.commit("a.txt", numbers.collect::<String>());
    let said = web.hand(&clone, "bob").push("main").rejected();
    said.by(ids::REF_PUSH).says("bob may not");
    server.ref_is("refs/heads/main", &base);
    let secret = world.secrets.github();
    let alice = web.hand(&clone, "alice");
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &next);
    let leak = clone.commit("b.py", assigned(&secret));
    alice.push("main").rejected().without(&secret);
    server.lacks_object(&leak).ref_is("refs/heads/main", &next);
}

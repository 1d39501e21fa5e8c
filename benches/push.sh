#!/usr/bin/env bash
# How long the judgement of a push takes, next to the connectivity check that Git does anyway.
#
#   cargo build --release && benches/push.sh [REPOSITORY]
#
# Makes a repository with 100,000 refs and 500,000 objects and pushes to it: one commit, 5,000
# commits, 2,000 new refs, 2,000 refs that move. With a REPOSITORY, also all of that into an empty
# one. A push is what the hook sees of it: its new objects in a quarantine, its lines on standard
# input. Shown is the median of ROUNDS (5) rounds, wall and processor time in seconds, and what the
# judgement is of the check. Nothing is asserted; the numbers are for people. WORK names a directory
# that keeps what was made for the next time.
set -euo pipefail

portcullis=$(readlink -f "${PORTCULLIS:-target/release/portcullis}")
rounds=${ROUNDS:-5}
given=${1:+$(readlink -f "$1")}
work=${WORK:-$(mktemp -d)}
if [[ -z ${WORK:-} ]]; then trap 'rm -rf "$work"' EXIT; fi
mkdir -p "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$work PUSHER=alice

zero=0000000000000000000000000000000000000000

# A stream for git fast-import: COUNT commits from number FIRST on, on one branch that starts at
# FROM, or with MANY=1 each on a branch of its own.
commits() { # FIRST COUNT FROM BRANCH [MANY]
    awk -v first="$1" -v count="$2" -v from="$3" -v branch="$4" -v many="${5:-0}" 'BEGIN {
        for (n = first; n < first + count; n++) {
            text = "value " n "\n"
            for (line = 0; line < 20; line++) text = text "line " line " of " n " says nothing\n"
            message = "feat: change number " n "\n"
            name = many ? branch n : branch
            printf "commit refs/heads/%s\nmark :%d\n", name, n
            printf "committer Alice <alice@example.com> %d +0000\n", 1600000000 + n * 60
            printf "data %d\n%s", length(message), message
            if (from != "" && (many || n == first)) printf "from %s\n", from
            printf "M 100644 inline d%d/f%d.txt\n", n % 100, n % 1000
            printf "data %d\n%s\n", length(text), text
        }
    }'
}

big=$work/big.git
if [[ ! -e $big/ready ]]; then
    rm -rf "$big"
    git init -q --bare -b main "$big"
    commits 1 125000 "" main | git -C "$big" fast-import --quiet
    git -C "$big" rev-list --max-count=100000 main |
        awk '{ printf "create refs/heads/b/%d %s\n", NR, $1 }' | git -C "$big" update-ref --stdin
    git -C "$big" pack-refs --all
    git -C "$big" commit-graph write --reachable --no-progress
    touch "$big/ready"
fi
main=$(git -C "$big" rev-parse main)

# A place for the new objects of a push into $big, beside those that are there.
quarantine() { # NAME, fast-import stream on standard input
    local dir=$work/$1.git
    if [[ -e $dir/ready ]]; then
        cat >/dev/null
    else
        rm -rf "$dir"
        git init -q --bare "$dir"
        echo "$big/objects" >"$dir/objects/info/alternates"
        git -C "$dir" fast-import --quiet
        touch "$dir/ready"
    fi
}

law() { # the policy that asks for nearly everything that there is
    cat <<'POLICY'
version = 1
[identity]
source = "env:PUSHER"
[groups]
leads = ["alice"]
[[protect]]
refs = ["refs/heads/main"]
push = ["@leads"]
force = []
delete = []
linear = true
[[protect]]
refs = ["refs/heads/**"]
push = ["*"]
names = "^refs/heads/[a-z0-9/_.-]+$"
[commits]
conventional = true
subject_max = 72
body_max = 100
imperative = true
dates = "sane"
author_emails = ["*@example.com"]
[content]
max_file_size = "5MiB"
names = "portable"
max_path_length = 200
deny_types = ["executable"]
deny_paths = ["**/*.pem"]
[audit]
log = "portcullis-audit.jsonl"
POLICY
}

median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'; }

# Runs something several times: the medians of its wall and processor times.
timed() { # COMMAND..., its input in the file $lines
    local wall=() cpu=() real user sys round TIMEFORMAT='%R %U %S'
    for ((round = 0; round < rounds; round++)); do
        # What a push was judged to be is not the question here.
        read -r real user sys < <({ time "$@" <"$lines" >/dev/null 2>&1 || true; } 2>&1)
        wall+=("$real")
        cpu+=("$(awk "BEGIN { print $user + $sys }")")
    done
    printf '%s %s' "$(printf '%s\n' "${wall[@]}" | median)" "$(printf '%s\n' "${cpu[@]}" | median)"
}

row() { # NAME REPOSITORY QUARANTINE, the lines of the push on standard input
    local name=$1 repo=$2 new=$3 check judged policy
    lines=$work/lines
    cat >"$lines"
    awk '{ print $2 }' "$lines" >"$work/tips"
    (
        cd "$repo"
        export GIT_DIR=. GIT_OBJECT_DIRECTORY=$new GIT_QUARANTINE_PATH=$new
        export GIT_ALTERNATE_OBJECT_DIRECTORIES=$repo/objects
        lines=$work/tips
        check=$(timed git rev-list --objects --stdin --not --exclude-hidden=receive --all --quiet \
            --alternate-refs)
        lines=$work/lines
        for policy in none law; do
            rm -f portcullis-audit.jsonl
            if [[ $policy == law ]]; then law >portcullis.toml; else rm -f portcullis.toml; fi
            judged=$(timed "$portcullis" hook pre-receive)
            awk -v name="$name, policy: $policy" -v check="$check" -v judged="$judged" 'BEGIN {
                split(check, c, " "); split(judged, j, " ")
                printf "%-40s %8.3f %8.3f  %8.3f %8.3f  %6.2f %6.2f\n",
                    name, c[1], c[2], j[1], j[2], j[1] / c[1], j[2] / c[2]
            }'
        done
        rm -f portcullis.toml portcullis-audit.jsonl
    )
}

printf '%-40s %17s  %17s  %13s\n' '' 'git rev-list' 'judgement' 'ratio'
printf '%-40s %8s %8s  %8s %8s  %6s %6s\n' 'push' wall cpu wall cpu wall cpu

commits 200001 1 "$main" main | quarantine one
tip=$(git -C "$work/one.git" rev-parse main)
echo "$main $tip refs/heads/main" | row 'one commit' "$big" "$work/one.git/objects"

commits 300001 5000 "$main" main | quarantine many
tip=$(git -C "$work/many.git" rev-parse main)
echo "$main $tip refs/heads/main" | row '5,000 commits' "$big" "$work/many.git/objects"

commits 400001 2000 "$main" topic/ 1 | quarantine refs
git -C "$work/refs.git" for-each-ref --format="$zero %(objectname) %(refname)" refs/heads/topic |
    row '2,000 new refs' "$big" "$work/refs.git/objects"
paste -d ' ' \
    <(git -C "$big" for-each-ref --count=2000 --format='%(objectname)' refs/heads/b) \
    <(git -C "$work/refs.git" for-each-ref --format='%(objectname)' refs/heads/topic) \
    <(git -C "$big" for-each-ref --count=2000 --format='%(refname)' refs/heads/b) |
    row '2,000 refs that move' "$big" "$work/refs.git/objects"

if [[ -n $given ]]; then
    rm -rf "$work/empty.git"
    git init -q --bare "$work/empty.git"
    git -C "$given" for-each-ref --format="$zero %(objectname) %(refname)" refs/heads refs/tags |
        row 'a whole repository' "$work/empty.git" "$(git -C "$given" rev-parse --absolute-git-dir)/objects"
fi

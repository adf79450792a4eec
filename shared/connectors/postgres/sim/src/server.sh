# Runs a PostgreSQL server on a temporary folder until nobody listens to this script any more: whoever started it holds its standard input, and
# lets go of it by ending, however that comes about. Says `ready` once the server answers; else, in one line, why there is none.
# $1: the port; `look` only says whether there is a server to run. $2: the superuser's password. $3, $4: the server's certificate and its key, as PEM.
# $5, where it is given: a folder whose data stay when the server ends, and are found again.
set -u
kept="${5:-}"
# Ctrl-C is for whoever started this, whose end ends the server too.
trap '' INT
fail() { echo "error: $1"; exit 1; }

# Debian keeps the server's programs apart from the clients'.
bin=""
for candidate in /usr/lib/postgresql/*/bin $(command -v pg_config >/dev/null 2>&1 && pg_config --bindir); do
    [ -x "$candidate/initdb" ] && [ -x "$candidate/postgres" ] && bin="$candidate"
done
[ -n "$bin" ] || fail "PostgreSQL's server is not installed; hint: apt-get install postgresql"
[ "$1" != look ] || { echo installed; exit 0; }

# The server refuses to be root's.
as=""
owner="$(id -un)"
if [ "$(id -u)" = 0 ]; then
    owner=postgres
    id "$owner" >/dev/null 2>&1 || fail "the user postgres is missing; hint: apt-get install postgresql"
    command -v setpriv >/dev/null || fail "setpriv is missing; hint: apt-get install util-linux"
    as="setpriv --reuid=$owner --regid=$owner --clear-groups --"
    # A kept folder lies in one of root's, which nobody else may pass through.
    [ -z "$kept" ] || as="setpriv --reuid=$owner --regid=$owner --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override --"
fi

if [ -n "$kept" ]; then
    folder="$kept"
    mkdir -p "$folder" || fail "the folder $folder cannot be made"
else
    folder="$(mktemp -d "${TMPDIR:-/tmp}/syncline-postgres.XXXXXX")" || fail "no temporary folder can be made"
fi
chmod 700 "$folder"
printf '%s\n' "$2" > "$folder/password"
printf '%s\n' "$3" > "$folder/certificate.pem"
printf '%s\n' "$4" > "$folder/key.pem"
chmod 600 "$folder/key.pem" "$folder/password"
[ -z "$as" ] || chown -R "$owner" "$folder"
end() {
    if [ -n "$kept" ]; then
        $as "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null 2>&1
    else
        $as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1
        rm -rf "$folder"
    fi
}
trap end EXIT
cd "$folder" || exit 1

# The server of a run that ended a moment ago, or whose script was killed, may still be there.
[ -z "$kept" ] || $as "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null 2>&1
[ -f "$folder/data/PG_VERSION" ] || $as "$bin/initdb" -D "$folder/data" -U postgres -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile="$folder/password" --no-sync \
    >"$folder/log" 2>&1 || fail "initdb failed: $(tail -n 1 "$folder/log")"
# Nothing outlives a test, so that nothing needs to reach the disk.
quick="-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
[ -z "$kept" ] || quick=""
$as "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w -t 60 -o "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    $quick -c max_connections=200 -c shared_buffers=32MB -c max_wal_size=256MB -c ssl=on -c ssl_cert_file=$folder/certificate.pem -c ssl_key_file=$folder/key.pem" \
    start >"$folder/started" 2>&1 || fail "the server did not start: $(tail -n 1 "$folder/data/log" 2>/dev/null)"
echo ready
cat >/dev/null

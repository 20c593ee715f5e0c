# What the scripts share: a folder that goes away with them, pinned packages in it, and a verdict. To be sourced.
set -euo pipefail

folder=$(mktemp -d)
servers=()
changed=0

leave() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap leave EXIT
trap 'exit 2' INT TERM

untried() {
  echo "This cannot be tried here: $1."
  exit 2
}

need() {
  for program in "$@"; do
    command -v "$program" >/dev/null || untried "$program is not installed"
  done
}

# npm_packages NAME@VERSION …: into the folder, which is where scripts for Node are to be written.
npm_packages() {
  need node npm
  echo '{ "private": true, "type": "module" }' >"$folder/package.json"
  (cd "$folder" && npm install --silent --ignore-scripts --no-audit --no-fund "$@" >/dev/null) ||
    untried "npm did not install $*"
}

# debian_packages NAME=VERSION …: those that are installed in this version are used as they are; others, with the libraries
# that they lack, are taken apart into the folder and come first on the PATH.
debian_packages() {
  need apt-get dpkg-query dpkg-deb
  local package file missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${Version}' "${package%%=*}" 2>/dev/null)" = "${package#*=}" ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  mkdir -p "$folder/archives"
  # What would be installed, without installing it: "Inst NAME [old version] (VERSION …".
  for package in $(apt-get --simulate --yes --allow-downgrades --no-install-recommends install "${missing[@]}" 2>/dev/null |
    sed -n 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p'); do
    (cd "$folder/archives" && apt-get -qq download "$package" >/dev/null 2>&1) || untried "Debian's $package could not be had"
  done
  for file in "$folder"/archives/*.deb; do
    [ -e "$file" ] || untried "these packages could not be had: ${missing[*]}"
    dpkg-deb -x "$file" "$folder/debian"
  done
  PATH="$folder/debian/usr/bin:$folder/debian/usr/sbin:$PATH"
  LD_LIBRARY_PATH=$(echo "$folder"/debian/usr/lib/*-linux-gnu):${LD_LIBRARY_PATH:-}
  export PATH LD_LIBRARY_PATH
}
PATH="$PATH:/usr/sbin"

# A port of 127.0.0.1 that nobody has just now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for PORT: until somebody listens there.
wait_for() {
  for _ in $(seq 600); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  untried "nothing listens on port $1"
}

# serve_nginx 'SERVER BLOCKS': in the folder, until the script ends.
serve_nginx() {
  need nginx
  cat >"$folder/nginx.conf" <<END
daemon off; master_process off; pid nginx.pid; error_log stderr emerg;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  log_format resumed "\$ssl_session_reused";
  $1
}
END
  nginx -p "$folder" -c nginx.conf 2>/dev/null &
  servers+=($!)
}

# expect WHAT SEEN PATTERN: PATTERN is bash's, of [[ == ]].
expect() {
  # shellcheck disable=SC2053 # a pattern
  if [[ $2 == $3 ]]; then
    echo "as described  $1: $2"
  else
    echo "CHANGED       $1: $2 (it was: $3)"
    changed=1
  fi
}

verdict() { exit "$changed"; }

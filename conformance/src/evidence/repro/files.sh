# The port of the origin of a generation.
origin_port() {
    index=$(($1 % $(set -- $origin_addresses; echo $#) + 1))
    echo $origin_addresses | cut -d' ' -f$index | sed 's/.*://'
}
origin_name() { echo "o$(($1 % $(set -- $origin_addresses; echo $#)))"; }
# What files have from here on beside the first listener and the route for all paths: the name of a layout, or none.
layout= rendered=
lay_out() { layout=${1-}; }
# The file of a generation on standard output: GENERATION [FLAW]
render() {
    # What has been rendered before, where every moment counts.
    [ -z "$rendered" ] || { cat "$rendered"; return; }
    case ${2-} in
    empty) ;;
    truncated) render "$1" >"$work/whole"; head -c $(($(wc -c <"$work/whole") * 2 / 3)) "$work/whole" ;;
    huge)
        yes '# a line that means nothing, of which there are more than anybody would write' | head -c 104857550
        render "$1" truncated
        ;;
    commented) echo '# a word to whoever reads this'; render "$1" ;;
    nul) render "$1"; printf '\n\000 \000\n' ;;
    not_utf8) render "$1"; printf '\n\377\376 \377\n' ;;
    *)
        "config_${2-good}${layout:+_$layout}" | sed -e "s/@GENERATION@/$1/g" -e "s/@ORIGIN@/$(origin_name "$1")/g" \
            -e "s/@PORT@/$(origin_port "$1")/g" -e "s|@DIR@|$work|g"
        ;;
    esac
}

config=$work/conf/$config_name
folder=${config%/*} name=${config##*/} written=0
swap() {
    written=$((written + 1))
    mkdir -p "$folder/..$written" && render "$@" >"$folder/..$written/$name" && chmod -R a+rX "$folder/..$written"
    ln -s "..$written" "$folder/..data_tmp" && mv -T "$folder/..data_tmp" "$folder/..data"
    rm -rf "$folder/..$((written - 1))"
}
# Lays the first file in the layout of the delivery pattern.
lay() {
    mkdir -p "$folder"
    chmod 755 "$work/conf" "$folder"
    case $delivery in
    symlink_swap*) swap "$1"; ln -s "..data/$name" "$config" ;;
    *) render "$1" >"$config"; chmod 644 "$config" ;;
    esac
}
# Writes in place: so many bytes at once, and the others after a pause, in which answers are watched.
write_with_pause() {
    render "$2" >"$work/whole"
    exec 3>"$config"
    head -c "$1" "$work/whole" >&3
    strayed= paused=$(now)
    while [ $(($(now) - paused)) -lt 1100 ]; do
        answer=$(ask)
        [ "$answer" = "$good" ] || strayed="${strayed:-${answer:-no answer}}"
        sleep 0.01
    done
    tail -c "+$(($1 + 1))" "$work/whole" >&3
    [ "$delivery" != good_part_first ] || printf '\n# and what its writer wrote at last\n' >&3
    exec 3>&-
}
# Puts a member of a configuration of several files where it belongs: MEMBER, and what it is rendered by.
put() {
    member=$work/conf/$1
    shift
    render "$@" >"${member%/*}/.${member##*/}.new" && chmod 644 "${member%/*}/.${member##*/}.new"
    mv "${member%/*}/.${member##*/}.new" "$member"
}
# Delivers the file of a generation: GENERATION [FLAW]. Of several files that is the member with the markers, or a bad one beside it.
deliver() {
    if [ -n "$bad_member" ] && [ -n "${2-}" ]; then put "$bad_member" "$@"; return; fi
    [ ! -d "$config" ] || rmdir "$config"
    [ ! -p "$config" ] || [ "$delivery" = rename_over ] || rm -f "$config"
    # Not without need: to who watches, a change of the mode is an event like any other.
    [ ! -f "$config" ] || [ "$delivery" = rename_over ] || [ "$(stat -c %a "$config")" = 644 ] || chmod 644 "$config"
    case $delivery in
    in_place) render "$@" >"$config" ;;
    recreate) [ ! -e "$config" ] || { rm -f "$config"; sleep 0.05; }; render "$@" >"$config" ;;
    empty_first) write_with_pause 0 "$@" ;;
    two_thirds_first) render "$@" >"$work/whole"; write_with_pause $(($(wc -c <"$work/whole") * 2 / 3)) "$@" ;;
    good_part_first) render "$@" >"$work/whole"; write_with_pause "$(wc -c <"$work/whole")" "$@" ;;
    symlink_swap*) [ -L "$config" ] || ln -s "..data/$name" "$config"; swap "$@" ;;
    *) written=$((written + 1)); render "$@" >"$folder/.$name.$written" && chmod 644 "$folder/.$name.$written"
       [ "$delivery" != same_size_and_time ] || touch -r "$config" "$folder/.$name.$written"
       mv "$folder/.$name.$written" "$config" ;;
    esac
}

# The generation of an answer on a fresh connection; nothing if there was none.
ask() { curl -s -o /dev/null -m 2 -D - "http://$listen/" 2>/dev/null | tr -d '\r' | sed -n 's/^x-generation: g//Ip'; }
# Waits until the newest good generation answers, and notes how long that took; nothing if it did not within the bound.
await() {
    took= begun=$(now)
    while [ $(($(now) - begun)) -lt "$1" ]; do
        if [ "$(ask)" = "$good" ]; then took=$(($(now) - begun)); return; fi
        sleep 0.005
    done
}
# What there is to be seen at a place, LISTENER/PATH: of which generation and from which origin an answer is, or that there is none.
see() {
    case $1 in
    socket/*) set -- "http://localhost/${1#*/}" --unix-socket "$work/traffic.sock" ;;
    *) eval "set -- \"http://\$at_${1%%/*}/${1#*/}\"" ;;
    esac
    curl -s -o /dev/null -m 2 -D "$work/head" "$@" 2>/dev/null
    case $? in
    0) ;;
    7) echo refused; return ;;
    *) echo 'no answer'; return ;;
    esac
    tr -d '\r' <"$work/head" | awk 'NR == 1 && $2 != 200 { print "status " $2; over = 1 } tolower($1) == "x-generation:" { stamp = $2 }
        tolower($1) == "x-origin:" { origin = $2 } END { if (!over) print (stamp ? stamp : "unstamped") " from " origin }'
}
glance() { for place in $places; do echo "$place: $(see "$place")"; done; }
# Notes what is to be seen everywhere before something is done, once that has come to rest.
note() {
    noted=$(glance) tries=0
    while sleep 0.2; again=$(glance); [ "$again" != "$noted" ] && [ $tries -lt 20 ]; do tries=$((tries + 1)) noted=$again; done
}
# Watches for so many milliseconds what differs from that: at the first listener, for all paths (strayed); elsewhere an answer that is new or
# another one (leaked); elsewhere that there is none any more (lost).
watch_places() {
    strayed= leaked= lost= begun=$(now)
    while [ $(($(now) - begun)) -lt "$1" ]; do
        for place in $places; do
            was=$(printf '%s\n' "$noted" | sed -n "s|^$place: ||p") is=$(see "$place")
            [ "$is" != "$was" ] || continue
            case $place-$is in
            first/-*) strayed=${strayed:-$is} ;;
            *-refused | *-'no answer') lost=${lost:-$is at $place, where it was $was} ;;
            *) leaked=${leaked:-$is at $place, where it was $was} ;;
            esac
        done
        sleep 0.01
    done
}
logged() { cat "$work/stdout" "$work/stderr" $log_files 2>/dev/null; }
# The lines of the log that matter here: all, if there is no pattern for them.
records() { logged | grep -P -- "$record"; }
before() {
    records_before=$(records | wc -l) sizes=
    for file in "$work/stdout" "$work/stderr" $log_files; do sizes="$sizes $(cat "$file" 2>/dev/null | wc -c)"; done
}
# How many there are since the last action began.
new_records() { echo $(($(records | wc -l) - records_before)); }
# What was logged and answered since.
said() {
    set -- $sizes
    for file in "$work/stdout" "$work/stderr" $log_files; do tail -c "+$((${1:-0} + 1))" "$file" 2>/dev/null; shift; done
    [ "${told-}" != no ] || cat "$work/told"
}


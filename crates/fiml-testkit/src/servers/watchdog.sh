# Runs one server for as long as its own standard input is open, then stops it and removes its folder.
# Arguments: the folder, the signal that stops the server, the server's command line.
# Orders come one per line on standard input; each is answered by a line once it is carried out.
folder=$1 stop=$2
shift 2

# It ends with its input and by nothing else. SIGHUP comes to the whole group of a server that is paused when
# the process that holds the input ends.
trap '' HUP INT TERM

# The inner shell waits for the server, so that its end is written down the moment it happens.
start() {
    rm -f "$folder/ended"
    : >"$folder/log"
    {
        "$@" >>"$folder/log" 2>&1 &
        echo $! >"$folder/born"
        wait $!
        echo $? >"$folder/ended"
    } &
    read -r pid <"$folder/born"
}

running() { [ -n "$pid" ] && [ ! -e "$folder/ended" ]; }

children() { ps -A -o ppid= -o pid= | awk -v parent="$pid" '$1 == parent { print $2 }'; }

# A signal to the server and to every process it has made; a stopped server makes no new ones meanwhile.
signal() {
    running || return
    kill -STOP "$pid"
    for process in $(children) "$pid"; do kill "-$1" "$process"; done
}

mkfifo "$folder/born"
pid=
while read -r order; do
    case $order in
    start) start "$@" ;;
    kill) signal KILL && wait ;;
    pause) signal STOP ;;
    resume) signal CONT ;;
    esac
    echo done
done

if running; then
    kill "-$stop" "$pid"
    signal CONT
    wait
fi
rm -rf "$folder"

# shellcheck shell=sh
# av.sh - a display and a sound server of our own, and what a robot does there on record. Whoever
# reads this sets $work, an empty folder, and $bench, where the programs are.
: "${work:?}" "${bench:?}"

# Starts both in $work; they end with av_stop.
av_start() {
	for program in Xvfb pulseaudio; do
		command -v "$program" >/dev/null 2>&1 || {
			echo "av: $program is not there (hint: apt-get install --no-install-recommends xvfb pulseaudio libasound2-plugins)" >&2
			exit 1
		}
	done
	mkdir -p "$work/home" "$work/pulse"
	export HOME="$work/home" XDG_RUNTIME_DIR="$work/pulse" \
		PULSE_SERVER="unix:$work/pulse/native" PULSE_COOKIE="$work/pulse/cookie"
	printf 'pcm.!default {\n type pulse\n}\nctl.!default {\n type pulse\n}\n' >"$HOME/.asoundrc"
	# Display and sound server stand for hardware, which waits for no processor; the recorder comes
	# after the robot's own threads.
	hardware='' watching=''
	if chrt -r 5 true 2>/dev/null; then
		hardware='chrt -r 5' watching='chrt -r 1'
	fi
	$hardware Xvfb -displayfd 3 -screen 0 480x480x24 -nolisten tcp 3>"$work/display" 2>/dev/null &
	display_pid=$!
	$hardware pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no \
		-L "module-native-protocol-unix socket=$work/pulse/native auth-anonymous=1" \
		-L 'module-null-sink sink_name=nul rate=48000' >"$work/pulse.log" 2>&1 &
	sound_pid=$!
	for _ in $(seq 200); do
		[ -s "$work/display" ] && [ -S "$work/pulse/native" ] && break
		sleep 0.1
	done
	DISPLAY=:$(cat "$work/display")
	export DISPLAY
}

av_stop() {
	kill "${display_pid:-}" "${sound_pid:-}" 2>/dev/null || true
	rm -rf "$work"
}

# Records the robot that speaks standard input; the recording is then in $work/$1.
av_record() { # NAME VOICE SECONDS
	mkdir -p "$work/$1"
	$watching "$bench/av_recorder" "$work/$1" nul.monitor >"$work/$1/looks" &
	recorder_pid=$!
	sleep 4 # the sound server learns its own latency
	"$bench/av_robot" "$2" "$3" "$work/$1" 2>"$work/$1/robot"
	sleep 0.5
	kill "$recorder_pid"
	wait "$recorder_pid"
}

# SPDX-License-Identifier: MIT
# Lines of JSON, {"bench":NAME,"value":N,"unit":U}, as a table; ratios to the echo where there are.
{
	gsub(/[{}"]/, "")
	split($0, part, ",")
	for (i in part) {
		split(part[i], pair, ":")
		field[pair[1]] = pair[2]
	}
	name = field["bench"]
	value[name] = field["value"]
	ratio = ""
	if (name ~ /^(ping|get_task)_p50$/ && value["echo_round_trip_p50"] > 0)
		ratio = sprintf("%.2f x the echo", field["value"] / value["echo_round_trip_p50"])
	printf "%-30s %12.2f %-8s %s\n", name, field["value"], field["unit"], ratio
	fflush()
}

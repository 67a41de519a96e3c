/* SPDX-License-Identifier: MIT */
/* Replies as a daemon gives them, for the tests of what taskctl makes of them. */
#ifndef TD_TESTS_UNIT_CLI_REPLIES_H
#define TD_TESTS_UNIT_CLI_REPLIES_H

/* clang-format off */

/* 2025-01-31 12:00:00 UTC; the ages below are counted from here. */
#define NOW_US INT64_C(1738324800000000)

#define TASK_LOAD                                                                \
	"{\"id\":4,\"path\":\"host/load\",\"group\":\"host\",\"name\":\"load\"," \
	"\"state\":\"waiting\",\"driver\":\"fiber\",\"plugin\":\"sample\","      \
	"\"status\":\"load 0.42\",\"createdUsec\":1738324609000000,"             \
	"\"startedUsec\":1738324609000000,\"lastOutcome\":\"completed\","        \
	"\"lastDurationUsec\":250,\"runs\":191,\"failures\":0,\"missed\":0,"     \
	"\"everyUsec\":1000000,\"nextUsec\":1738324800400000,\"waitingFor\":\"timer\"}"
#define TASK_FINITE                                                                  \
	"{\"id\":6,\"path\":\"jobs/finite\",\"group\":\"jobs\",\"name\":\"finite\"," \
	"\"state\":\"ended\",\"driver\":\"fiber\",\"plugin\":\"exec\","              \
	"\"createdUsec\":1738324680000000,\"startedUsec\":1738324680000000,"         \
	"\"endedUsec\":1738324685500000,\"outcome\":\"failed\",\"outcomeCode\":3,"   \
	"\"outcomeMessage\":\"exit code 3\",\"parameters\":{\"command\":\"/bin/false\"}}"
#define TASK_STUBBORN                                                                    \
	"{\"id\":7,\"path\":\"jobs/stubborn\",\"group\":\"jobs\",\"name\":\"stubborn\"," \
	"\"state\":\"running\",\"driver\":\"thread\",\"plugin\":\"exec\",\"hogs\":1,"    \
	"\"createdUsec\":1738317300000000,\"startedUsec\":1738317300000000,"             \
	"\"deadlineUsec\":1738324801500000,\"cancelReason\":{\"kind\":\"requested\","    \
	"\"origin\":\"jobs\",\"message\":\"not needed\",\"uid\":0,\"pid\":99,"           \
	"\"whenUsec\":1738324799000000}}"
#define TASK_PARSE                                                             \
	"{\"id\":9,\"path\":\"ingest.parse/html\",\"group\":\"ingest.parse\"," \
	"\"name\":\"html\",\"state\":\"ended\",\"driver\":\"fiber\","          \
	"\"createdUsec\":1738152000000000,\"endedUsec\":1738152001000000,"     \
	"\"outcome\":\"completed\"}"

#define GROUP(path, state, more)                                                              \
	"{\"path\":\"" path "\",\"state\":\"" state "\",\"tasks\":1,\"groups\":0,"              \
	"\"createdUsec\":1738152000000000,\"condemned\":0" more "}"
#define GROUP_JOBS                                                                            \
	GROUP("jobs", "draining",                                                             \
	      ",\"deadlineUsec\":1738324801500000,\"graceUsec\":2000000,\"maxTasks\":10,"      \
	      "\"cancelReason\":{\"kind\":\"requested\",\"origin\":\"jobs\","                    \
	      "\"message\":\"not needed\",\"uid\":0,\"pid\":99,"                               \
	      "\"whenUsec\":1738324799000000}")

#define GROUPS                                                                                \
	"\"groups\":[" GROUP("/", "open", "") "," GROUP("host", "open", "") "," GROUP_JOBS ","  \
	GROUP("ingest", "open", "") "," GROUP("ingest.parse", "open", "") ","                  \
	GROUP("spare", "open", "") "]"
#define TASKS "\"tasks\":[" TASK_LOAD "," TASK_FINITE "," TASK_STUBBORN "," TASK_PARSE "]"
#define REPLY_LIST "{" GROUPS "," TASKS "}"

#define REPLY_REPORT                                                                         \
	"{\"report\":{\"group\":\"jobs\",\"result\":\"condemned\",\"graceUsec\":2000000,"    \
	"\"tookUsec\":2310000,\"drainUsec\":2000000,\"abortUsec\":250000,\"tasks\":["        \
	"{\"path\":\"jobs/sleeper\",\"id\":5,\"outcome\":\"cancelled\",\"tookUsec\":12000}," \
	"{\"path\":\"jobs/stubborn\",\"id\":7,\"outcome\":\"condemned\","                    \
	"\"message\":\"in a call that does not return\",\"tookUsec\":2250000},"              \
	"{\"path\":\"jobs/slow\",\"id\":8,\"outcome\":\"aborted\","                          \
	"\"message\":\"waited for a timer\",\"tookUsec\":2000100},"                          \
	"{\"path\":\"jobs/last\",\"id\":10,\"outcome\":\"failed\",\"tookUsec\":900}],"       \
	"\"more\":1}}"

#define REPLY_PLUGINS                                                                          \
	"{\"plugins\":[{\"name\":\"exec\",\"file\":\"/lib/exec.so\",\"state\":\"loaded\","     \
	"\"version\":\"1.0\",\"summary\":\"runs a program\",\"driver\":\"fiber\","             \
	"\"tasks\":2,\"parameters\":["                                                         \
	"{\"name\":\"command\",\"type\":\"list\",\"required\":true,\"help\":\"what to run\"}," \
	"{\"name\":\"nice\",\"type\":\"integer\",\"default\":\"0\",\"required\":false,"        \
	"\"help\":\"as in nice(1)\",\"min\":-20,\"max\":19},"                                  \
	"{\"name\":\"output\",\"type\":\"enum\",\"default\":\"events\",\"required\":false,"    \
	"\"help\":\"what becomes of its output\",\"choices\":[\"events\",\"discard\"]},"       \
	"{\"name\":\"limit\",\"type\":\"size\",\"unit\":\"bytes\",\"required\":false,"         \
	"\"help\":\"of memory\",\"min\":65536},"                                               \
	"{\"name\":\"within\",\"type\":\"duration\",\"default\":\"5s\",\"required\":false,"      \
	"\"help\":\"how long\",\"min\":1000000,\"max\":3600000000000}]},"                      \
	"{\"name\":\"old\",\"file\":\"/lib/old.so\",\"state\":\"refused\",\"tasks\":0,"        \
	"\"error\":\"made for ABI 1, this is 2\",\"parameters\":[]}]}"

#define REPLY_STATUS                                                                     \
	"{\"version\":\"0.1.0\",\"pid\":123,\"startedUsec\":1738317300000000,"           \
	"\"state\":\"running\",\"degraded\":[\"1 task is condemned: jobs/stubborn\"],"   \
	"\"groups\":4,\"tasks\":11,\"running\":1,\"waiting\":8,\"ready\":0,\"ended\":2," \
	"\"plugins\":5,\"refused\":1,\"events\":1204,\"connections\":1,"                 \
	"\"counters\":{\"spawned\":40,\"ended\":29},"                                    \
	"\"features\":{\"pidfd\":\"yes\",\"stacks\":\"guarded\"}}"

#define REPLY_EVENT                                                                   \
	"{\"event\":{\"sequence\":12,\"timeUsec\":1738324799123456,\"kind\":\"log\"," \
	"\"level\":\"warning\",\"path\":\"host/load\",\"task\":4,"                    \
	"\"text\":\"load is high\\u001b[2J\"},\"lost\":3}"

/* clang-format on */

#endif

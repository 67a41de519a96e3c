/* SPDX-License-Identifier: MIT */
/*
 * Reads one figure of the machine from /proc, says it as the status of the task, and warns when
 * it crosses a threshold. One run is one reading; `every` repeats it.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <taskd/plugin.h>

#define FILE_BYTES 8192 /* more than is read of any file here */

struct reading {
	char text[100];
	int64_t percent;    /* what `warn-above` compares with */
	const char *detail; /* the words for it in the warning */
};

/* ---- files of /proc --------------------------------------------------------------------- */

static int read_file(const char *name, char text[FILE_BYTES])
{
	const char *path = taskd_printf("%s/%s", taskd_param_string("proc"), name);
	ssize_t n;
	int fd, r;

	if (path == NULL)
		return -TASKD_ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return taskd_fail(-errno, "cannot open %s: %s", path, taskd_strerror(-errno));
	n = read(fd, text, FILE_BYTES - 1);
	r = n < 0 ? -errno : 0;
	(void)close(fd);
	if (r < 0)
		return taskd_fail(r, "cannot read %s: %s", path, taskd_strerror(r));
	text[n] = '\0';
	return 0;
}

static int not_understood(const char *name)
{
	return taskd_fail(-TASKD_ENOTSUP, "cannot make sense of %s/%s", taskd_param_string("proc"),
			  name);
}

/* ---- metrics ---------------------------------------------------------------------------- */

static int read_load(char *file, struct reading *reading)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double one, five, fifteen;
	int r = read_file("loadavg", file);

	if (r < 0)
		return r;
	if (sscanf(file, "%lf %lf %lf", &one, &five, &fifteen) != 3)
		return not_understood("loadavg");
	(void)snprintf(reading->text, sizeof(reading->text), "load %.2f %.2f %.2f", one, five,
		       fifteen);
	reading->percent = (int64_t)(one * 100.0) / (n_cpus > 0 ? n_cpus : 1);
	reading->detail = "load per CPU";
	return 0;
}

/* The value of a line "Name:   123 kB". */
static bool memory_line(const char *file, const char *name, int64_t *ret_kb)
{
	const char *line = strstr(file, name);
	long long value;

	if (line == NULL || sscanf(line + strlen(name), " %lld", &value) != 1 || value < 0)
		return false;
	*ret_kb = value;
	return true;
}

static int read_memory(char *file, struct reading *reading)
{
	int64_t total, available, used;
	int r = read_file("meminfo", file);

	if (r < 0)
		return r;
	if (!memory_line(file, "MemTotal:", &total) ||
	    !memory_line(file, "MemAvailable:", &available) || total == 0 || available > total)
		return not_understood("meminfo");
	used = total - available;
	reading->percent = used * 100 / total;
	reading->detail = "memory in use";
	(void)snprintf(reading->text, sizeof(reading->text), "memory %lld MB of %lld MB (%lld %%)",
		       (long long)used / 1024, (long long)total / 1024,
		       (long long)reading->percent);
	return 0;
}

static int read_pressure(char *file, struct reading *reading)
{
	static const char *const kinds[] = {"cpu", "memory", "io"};
	double share[3], most = 0;

	for (size_t i = 0; i < 3; i++) {
		char name[32];
		int r;

		(void)snprintf(name, sizeof(name), "pressure/%s", kinds[i]);
		r = read_file(name, file);
		if (r == -ENOENT || r == -EOPNOTSUPP)
			return taskd_fail(-TASKD_ENOTSUP,
					  "cannot read %s/%s: this kernel keeps no pressure stall "
					  "information (CONFIG_PSI, or psi=1 at boot)",
					  taskd_param_string("proc"), name);
		if (r < 0)
			return r;
		if (sscanf(file, "some avg10=%lf", &share[i]) != 1)
			return not_understood(name);
		most = share[i] > most ? share[i] : most;
	}
	(void)snprintf(reading->text, sizeof(reading->text),
		       "pressure cpu %.2f memory %.2f io %.2f", share[0], share[1], share[2]);
	reading->percent = (int64_t)most;
	reading->detail = "time stalled";
	return 0;
}

/* CPU time since the boot, in ticks: all, and of that idle. */
static int read_cpu_times(char *file, unsigned long long *ret_all, unsigned long long *ret_idle)
{
	unsigned long long ticks[8] = {0}, all = 0;
	int r = read_file("stat", file);

	if (r < 0)
		return r;
	if (sscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1],
		   &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) < 5)
		return not_understood("stat");
	for (size_t i = 0; i < 8; i++)
		all += ticks[i];
	*ret_all = all;
	*ret_idle = ticks[3] + ticks[4]; /* idle and waiting for I/O */
	return 0;
}

static int read_cpu(char *file, struct reading *reading)
{
	unsigned long long all[2], idle[2], passed, unused;
	int r = read_cpu_times(file, &all[0], &idle[0]);

	if (r == 0)
		r = taskd_sleep(taskd_param_integer("window"));
	if (r == 0)
		r = read_cpu_times(file, &all[1], &idle[1]);
	if (r < 0)
		return r;
	/* The kernel's count of idle time may step back a little. */
	passed = all[1] > all[0] ? all[1] - all[0] : 0;
	unused = idle[1] > idle[0] ? idle[1] - idle[0] : 0;
	unused = unused < passed ? unused : passed;
	reading->percent = passed > 0 ? (int64_t)((passed - unused) * 100 / passed) : 0;
	reading->detail = "CPU time in use";
	(void)snprintf(reading->text, sizeof(reading->text), "cpu %lld %%",
		       (long long)reading->percent);
	return 0;
}

static const struct metric {
	const char *name;
	int (*read)(char *file, struct reading *reading);
} metrics[] = {
	{"load", read_load},
	{"memory", read_memory},
	{"pressure", read_pressure},
	{"cpu", read_cpu},
};

#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* ---- threshold -------------------------------------------------------------------------- */

/*
 * The last threshold of each metric that was found exceeded; 0: none. The figures are facts of
 * the machine and not of a task, so tasks that watch the same one with the same threshold share
 * the memory that spans their runs; fibers may run at the same time, hence atomic.
 */
static _Atomic int64_t exceeded[N_METRICS];

static void compare(size_t metric, const struct reading *reading)
{
	int64_t limit = taskd_param_integer("warn-above"), expected;

	if (!taskd_param_given("warn-above"))
		return;
	if (reading->percent > limit) {
		if (atomic_exchange(&exceeded[metric], limit) != limit)
			taskd_log(TASKD_WARNING, "%s: %s is %lld %%, above %lld %%", reading->text,
				  reading->detail, (long long)reading->percent, (long long)limit);
		return;
	}
	expected = limit;
	if (atomic_compare_exchange_strong(&exceeded[metric], &expected, 0))
		taskd_log(TASKD_NOTICE, "%s: %s is %lld %%, no longer above %lld %%", reading->text,
			  reading->detail, (long long)reading->percent, (long long)limit);
}

static int run(taskd_self *self, void *arg)
{
	const char *name = taskd_param_string("metric");
	char *file = taskd_alloc(FILE_BYTES);
	struct reading reading;
	size_t metric = 0;
	int r;

	(void)self;
	(void)arg;
	if (file == NULL)
		return -TASKD_ENOMEM;
	while (metric < N_METRICS - 1 && strcmp(metrics[metric].name, name) != 0)
		metric++;
	r = metrics[metric].read(file, &reading);
	if (r < 0)
		return r;
	taskd_status("%s", reading.text);
	taskd_log(TASKD_DEBUG, "%s", reading.text);
	compare(metric, &reading);
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "metric",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "load",
	 .choices = "load memory pressure cpu",
	 .help = "What to read: load averages, memory, pressure stall information, or CPU time."},
	{.name = "warn-above",
	 .type = TASKD_PARAM_INTEGER,
	 .unit = "percent",
	 .min = 1,
	 .max = 10000,
	 .help = "Warn, once, when load per CPU, memory, time stalled or CPU time rises above it."},
	{.name = "window",
	 .type = TASKD_PARAM_DURATION,
	 .fallback = "250ms",
	 .min = 10 * TASKD_MSEC,
	 .max = 60 * TASKD_SEC,
	 .help = "How long the metric cpu measures."},
	{.name = "proc",
	 .type = TASKD_PARAM_PATH,
	 .fallback = "/proc",
	 .help = "Where the proc file system is mounted."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "sample", .version = "1.0", .summary = "reads a figure of the machine",
	     .params = params, .run = run);

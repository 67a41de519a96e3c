/* SPDX-License-Identifier: MIT */
/* Tests of plugin/loader.h, plugin/library.h and plugin/elf.h: each refusal with its one line. */
#include "plugin/loader.h"

#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "plugin/elf.h"
#include "tdtest.h"

/* A directory of its own with plugins in it, and a loader that looks there. */
struct place {
	char dir[PATH_MAX / 2];
	struct td_loader *loader;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void place_fini(struct place *place)
{
	place->loader = td_loader_free(place->loader);
	ck_assert_int_eq(nftw(place->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void place_init(struct place *place)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(place->dir, sizeof(place->dir), "%s/test_loader.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(place->dir));
	place->loader = td_loader_new();
	ck_assert_ptr_nonnull(place->loader);
	ck_assert_int_eq(td_loader_add_dir(place->loader, place->dir), 0);
}

static const char *file_of(const struct place *place, const char *name)
{
	static char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s/%s.so", place->dir, name);
	return file;
}

static void put(const struct place *place, const char *name, const void *bytes, size_t length)
{
	int fd = open(file_of(place, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

/* The bytes of a test plugin as it was built. */
static size_t get(const char *name, unsigned char **ret_bytes)
{
	const char *builddir = getenv("builddir");
	char file[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(file, sizeof(file), "%s/tests/plugins/.libs/%s.so", builddir ? builddir : ".",
		 name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s is missing", file);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*ret_bytes = malloc((size_t)st.st_size);
	ck_assert_int_eq(read(fd, *ret_bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

static void put_built(const struct place *place, const char *as, const char *name)
{
	unsigned char *bytes;
	size_t length = get(name, &bytes);

	put(place, as, bytes, length);
	free(bytes);
}

/* Opening it fails with that text behind the name of the file, and says so in one line. */
static void check_refused(struct place *place, const char *name, const char *expected)
{
	struct td_failure failure = {0};
	const struct td_plugin *plugin;
	char text[PATH_MAX + 200];

	ck_assert_ptr_null(td_loader_open(place->loader, name, &failure));
	snprintf(text, sizeof(text), "%s: %s", file_of(place, name), expected);
	ck_assert_str_eq(failure.text, text);
	ck_assert_int_eq(failure.code, -TASKD_EPLUGIN);
	ck_assert_str_eq(failure.subject, file_of(place, name));
	plugin = td_loader_next(place->loader, NULL);
	ck_assert_ptr_nonnull(plugin);
	ck_assert_int_eq(plugin->state, TD_PLUGIN_REFUSED);
	ck_assert_str_eq(plugin->error, text);
	ck_assert_ptr_null(plugin->descriptor);
	ck_assert_ptr_null(strchr(plugin->error, '\n'));
}

/* The test plugin of that name is refused with that text. */
static void check_built_refused(const char *name, const char *expected)
{
	struct place place;

	place_init(&place);
	put_built(&place, name, name);
	check_refused(&place, name, expected);
	place_fini(&place);
}

START_TEST(a_good_plugin_is_loaded_once)
{
	struct td_failure failure = {0};
	const struct td_plugin *plugin;
	struct place place;

	place_init(&place);
	put_built(&place, "good", "good");
	plugin = td_loader_open(place.loader, "good", &failure);
	ck_assert_msg(plugin != NULL, "%s", failure.text);
	ck_assert_int_eq(plugin->state, TD_PLUGIN_LOADED);
	ck_assert_str_eq(plugin->name, "good");
	ck_assert_str_eq(plugin->file, file_of(&place, "good"));
	ck_assert_str_eq(plugin->descriptor->summary, "does nothing");
	ck_assert_str_eq(plugin->descriptor->params[0].name, "count");
	ck_assert_int_eq(plugin->descriptor->driver, TASKD_DRIVER_THREAD);
	ck_assert_uint_eq(plugin->descriptor->stack_size, 100000);
	ck_assert_int_eq(plugin->descriptor->run(NULL, NULL), 0);
	ck_assert_ptr_null(plugin->error);
	ck_assert_ptr_eq(td_loader_open(place.loader, "good", &failure), plugin);
	ck_assert_ptr_null(td_loader_next(place.loader, plugin));
	place_fini(&place);
}
END_TEST

START_TEST(what_an_older_descriptor_lacks_is_zero)
{
	struct td_failure failure = {0};
	const struct td_plugin *plugin;
	struct place place;

	place_init(&place);
	put_built(&place, "old", "old");
	plugin = td_loader_open(place.loader, "old", &failure);
	ck_assert_msg(plugin != NULL, "%s", failure.text);
	ck_assert_uint_eq(plugin->descriptor->size, sizeof(struct taskd_plugin));
	ck_assert_int_eq(plugin->descriptor->driver, TASKD_DRIVER_DEFAULT);
	ck_assert_uint_eq(plugin->descriptor->stack_size, 0);
	place_fini(&place);
}
END_TEST

/* ---- by name ---------------------------------------------------------------------------- */

START_TEST(a_missing_plugin_names_the_directories_and_what_is_near)
{
	struct td_failure failure = {0};
	struct place place;
	char text[PATH_MAX + 200];

	place_init(&place);
	ck_assert_int_eq(td_loader_add_dir(place.loader, "/nowhere/at/all"), 0);
	put_built(&place, "good", "good");
	ck_assert_ptr_null(td_loader_open(place.loader, "goood", &failure));
	ck_assert_int_eq(failure.code, -TASKD_ENOPLUGIN);
	snprintf(text, sizeof(text),
		 "no plugin \"goood\" in %s, /nowhere/at/all (No such file or directory); did you "
		 "mean \"good\"?",
		 place.dir);
	ck_assert_str_eq(failure.text, text);
	ck_assert_str_eq(failure.subject, "goood");
	ck_assert_ptr_null(td_loader_next(place.loader, NULL));
	place_fini(&place);
}
END_TEST

START_TEST(without_a_directory_nothing_is_found)
{
	struct td_loader *loader = td_loader_new();
	struct td_failure failure = {0};

	ck_assert_ptr_null(td_loader_open(loader, "good", &failure));
	ck_assert_str_eq(failure.text, "no plugin \"good\": there is no plugin directory");
	ck_assert_int_eq(td_loader_scan(loader), 0);
	ck_assert_ptr_null(td_loader_next(loader, NULL));
	td_loader_free(loader);
}
END_TEST

START_TEST(what_is_no_name_is_not_searched)
{
	static const char *const names[] = {"",     "../good", "/etc/x", "Good", "-x",
					    "g.so", "a b",     "_x",     "g\n"};
	struct place place;

	place_init(&place);
	for (size_t i = 0; i < TD_ARRAY_SIZE(names); i++) {
		struct td_failure failure = {0};

		ck_assert_ptr_null(td_loader_open(place.loader, names[i], &failure));
		ck_assert_int_eq(failure.code, -TASKD_EINVAL);
		ck_assert_ptr_nonnull(strstr(failure.text, "a name is 1 to 63 of a-z 0-9 - _"));
	}
	place_fini(&place);
}
END_TEST

START_TEST(directories_have_a_limit_and_count_once)
{
	struct td_loader *loader = td_loader_new();
	char dir[32];

	ck_assert_int_eq(td_loader_add_dir(loader, ""), -TASKD_EINVAL);
	for (int i = 0; i < TD_LOADER_DIRS_MAX; i++) {
		snprintf(dir, sizeof(dir), "/nowhere/%d", i);
		ck_assert_int_eq(td_loader_add_dir(loader, dir), 0);
	}
	ck_assert_int_eq(td_loader_add_dir(loader, "/nowhere/0//"), 0);
	ck_assert_int_eq(td_loader_add_dir(loader, "/nowhere/more"), -TASKD_ECAPACITY);
	td_loader_free(loader);
}
END_TEST

/* ---- the file --------------------------------------------------------------------------- */

START_TEST(only_regular_files_are_opened)
{
	struct place place;

	place_init(&place);
	ck_assert_int_eq(mkdir(file_of(&place, "folder"), 0755), 0);
	check_refused(&place, "folder", "not a regular file");
	ck_assert_int_eq(rmdir(file_of(&place, "folder")), 0);
	ck_assert_int_eq(td_loader_scan(place.loader), 0);
	ck_assert_int_eq(mkfifo(file_of(&place, "fifo"), 0644), 0);
	check_refused(&place, "fifo", "not a regular file");
	place_fini(&place);
}
END_TEST

START_TEST(a_link_that_leads_nowhere_is_reported)
{
	struct place place;

	place_init(&place);
	ck_assert_int_eq(symlink("/nowhere/at/all.so", file_of(&place, "link")), 0);
	check_refused(&place, "link", "cannot be opened: No such file or directory");
	place_fini(&place);
}
END_TEST

START_TEST(an_unreadable_file_is_refused)
{
	struct place place;

	place_init(&place);
	put_built(&place, "good", "good");
	ck_assert_int_eq(chmod(file_of(&place, "good"), 0), 0);
	if (access(file_of(&place, "good"), R_OK) < 0)
		check_refused(&place, "good", "cannot be opened: Permission denied");
	place_fini(&place);
}
END_TEST

START_TEST(what_everybody_can_write_is_refused)
{
	struct td_failure failure = {0};
	struct place place;

	place_init(&place);
	put_built(&place, "good", "good");
	ck_assert_int_eq(chmod(file_of(&place, "good"), 0666), 0);
	check_refused(&place, "good", "the file is writable by everybody; chmod o-w helps");
	ck_assert_int_eq(chmod(file_of(&place, "good"), 0644), 0);
	ck_assert_int_eq(chmod(place.dir, 0777), 0);
	check_refused(&place, "good", "its directory is writable by everybody; chmod o-w helps");
	ck_assert_int_eq(chmod(place.dir, 0755), 0);
	ck_assert_ptr_nonnull(td_loader_open(place.loader, "good", &failure));
	place_fini(&place);
}
END_TEST

START_TEST(the_directory_behind_a_link_counts_too)
{
	struct place place, other;

	place_init(&place);
	place_init(&other);
	put_built(&other, "good", "good");
	ck_assert_int_eq(chmod(other.dir, 0777), 0);
	{
		char target[PATH_MAX];

		snprintf(target, sizeof(target), "%s", file_of(&other, "good"));
		ck_assert_int_eq(symlink(target, file_of(&place, "good")), 0);
	}
	check_refused(&place, "good", "its directory is writable by everybody; chmod o-w helps");
	place_fini(&other);
	place_fini(&place);
}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
{
	struct place place;

	place_init(&place);
	put_built(&place, "good", "good");
	/* Only root can give files away. */
	if (chown(file_of(&place, "good"), 12345, (gid_t)-1) == 0)
		check_refused(&place, "good",
			      "the file belongs to user 12345, and neither to root nor to the user "
			      "of the daemon (0)");
	place_fini(&place);
}
END_TEST

/* ---- ELF -------------------------------------------------------------------------------- */

START_TEST(what_is_not_elf_is_refused)
{
	struct place place;

	place_init(&place);
	put(&place, "empty", "", 0);
	check_refused(&place, "empty", "not an ELF file");
	ck_assert_int_eq(unlink(file_of(&place, "empty")), 0);
	ck_assert_int_eq(td_loader_scan(place.loader), 0);
	put(&place, "text", "This is a text, and a long one.\n", 32);
	check_refused(&place, "text", "not an ELF file");
	place_fini(&place);
}
END_TEST

/* Writes the good plugin with one byte of its header changed. */
static void check_patched(size_t offset, unsigned char byte, const char *expected)
{
	struct place place;
	unsigned char *bytes;
	size_t length;

	place_init(&place);
	length = get("good", &bytes);
	bytes[offset] = byte;
	put(&place, "patched", bytes, length);
	check_refused(&place, "patched", expected);
	free(bytes);
	place_fini(&place);
}

START_TEST(objects_for_other_machines_are_refused)
{
	char text[100];
	unsigned char *bytes;
	ElfW(Ehdr) header;

	get("good", &bytes);
	memcpy(&header, bytes, sizeof(header));
	check_patched(EI_CLASS, header.e_ident[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64,
		      sizeof(void *) == 8 ? "not a 64-bit object, as this taskd is"
					  : "not a 32-bit object, as this taskd is");
	check_patched(EI_DATA, header.e_ident[EI_DATA] ^ 3, "of the other byte order");
	snprintf(text, sizeof(text), "for another machine (ELF machine %u, this one is %u)",
		 header.e_machine ^ 1u, (unsigned)header.e_machine);
	check_patched(offsetof(ElfW(Ehdr), e_machine), (unsigned char)(bytes[18] ^ 1), text);
	check_patched(offsetof(ElfW(Ehdr), e_type), ET_REL, "not a shared object");
	free(bytes);
}
END_TEST

START_TEST(a_truncated_file_is_refused_wherever_it_ends)
{
	struct td_failure failure = {0};
	ElfW(Ehdr) header;
	ElfW(Phdr) segment;
	struct place place;
	unsigned char *bytes;
	size_t needed = 0;

	place_init(&place);
	get("good", &bytes);
	memcpy(&header, bytes, sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > needed)
			needed = segment.p_offset + segment.p_filesz;
	}
	for (size_t length = EI_NIDENT; length < needed; length += 1 + length / 16) {
		put(&place, "cut", bytes, length);
		check_refused(&place, "cut", "the file is truncated or damaged");
	}
	put(&place, "good", bytes, needed);
	ck_assert_ptr_nonnull(td_loader_open(place.loader, "good", &failure));
	free(bytes);
	place_fini(&place);
}
END_TEST

START_TEST(a_damaged_file_never_hurts)
{
	struct td_rand rand;
	struct place place;
	unsigned char *bytes, *damaged;
	size_t length, head;
	int n_found = 0;

	td_rand_seed(&rand, td_test_seed());
	place_init(&place);
	length = get("good", &bytes);
	damaged = malloc(length);
	for (int i = 0; i < 3000; i++) {
		struct td_failure failure = {0};
		struct td_elf_object object;
		int fd, r;

		memcpy(damaged, bytes, length);
		/* The tables are at the beginning, and at the end is what names them. */
		head = i % 2 ? 2048 : length;
		for (uint64_t n = 1 + td_rand_below(&rand, 8); n > 0; n--)
			damaged[td_rand_below(&rand, head)] = (unsigned char)td_rand_next(&rand);
		put(&place, "damaged", damaged, length - td_rand_below(&rand, 2) * 7);
		fd = open(file_of(&place, "damaged"), O_RDONLY | O_CLOEXEC);
		r = td_elf_find(fd, "damaged", "taskd_plugin", &object, &failure);
		close(fd);
		ck_assert(r == 0 || r == -TASKD_EPLUGIN);
		ck_assert_int_eq(failure.code, r);
		n_found += r == 0;
	}
	/* Some damage is harmless, some is not; else this test looks at nothing. */
	ck_assert_int_gt(n_found, 0);
	ck_assert_int_lt(n_found, 3000);
	free(damaged);
	free(bytes);
	place_fini(&place);
}
END_TEST

/* ---- the descriptor --------------------------------------------------------------------- */

START_TEST(a_library_that_is_no_plugin_never_runs)
{
	check_built_refused("no_descriptor", "not a plugin: it has no symbol taskd_plugin");
	ck_assert_ptr_null(getenv("TD_TEST_NO_DESCRIPTOR_RAN"));
	check_built_refused("function_descriptor",
			    "not a plugin: its symbol taskd_plugin is not a data object");
}
END_TEST

START_TEST(a_plugin_of_another_abi_never_runs)
{
	check_built_refused("wrong_abi",
			    "built for plugin ABI 99, this taskd has ABI 1; build it again");
	ck_assert_ptr_null(getenv("TD_TEST_WRONG_ABI_RAN"));
}
END_TEST

START_TEST(descriptors_of_a_wrong_size_are_refused)
{
	char text[200];

	snprintf(text, sizeof(text), "its symbol taskd_plugin has 16 bytes, %zu are needed",
		 offsetof(struct taskd_plugin, driver));
	check_built_refused("short_descriptor", text);
	snprintf(text, sizeof(text),
		 "its descriptor says it has 4096 bytes, but there are %zu (at least %zu are "
		 "needed)",
		 sizeof(struct taskd_plugin), offsetof(struct taskd_plugin, driver));
	check_built_refused("long_descriptor", text);
}
END_TEST

START_TEST(a_descriptor_with_another_name_is_refused)
{
	check_built_refused("other_name",
			    "calls itself \"somebody\", but the file name says \"other_name\"");
}
END_TEST

START_TEST(a_descriptor_without_run_is_refused)
{
	check_built_refused("null_run", "has nothing to run (.run is NULL)");
}
END_TEST

START_TEST(a_descriptor_with_an_unknown_driver_is_refused)
{
	check_built_refused("bad_driver", "wants driver 17, which this taskd does not have");
}
END_TEST

START_TEST(undefined_symbols_are_found_when_it_is_loaded)
{
	check_built_refused("undefined_symbol", "undefined symbol: nobody_has_this_function");
}
END_TEST

START_TEST(a_bad_parameter_is_named)
{
	struct td_failure failure = {0};
	struct place place;

	place_init(&place);
	put_built(&place, "bad_schema", "bad_schema");
	ck_assert_ptr_null(td_loader_open(place.loader, "bad_schema", &failure));
	ck_assert_int_eq(failure.code, -TASKD_EPLUGIN);
	ck_assert_int_eq(strncmp(failure.text, file_of(&place, "bad_schema"),
				 strlen(file_of(&place, "bad_schema"))),
			 0);
	ck_assert_msg(strstr(failure.text, "wait") != NULL, "%s", failure.text);
	ck_assert_msg(strstr(failure.text, "soon") != NULL, "%s", failure.text);
	place_fini(&place);
}
END_TEST

/* ---- scan ------------------------------------------------------------------------------- */

START_TEST(a_scan_shows_all_and_the_first_directory_wins)
{
	char hidden[PATH_MAX + 20];
	const struct td_plugin *plugin;
	struct place place, second;

	place_init(&place);
	place_init(&second);
	ck_assert_int_eq(td_loader_add_dir(place.loader, second.dir), 0);
	put_built(&place, "good", "good");
	put(&place, "broken", "x", 1);
	put(&place, "UPPER", "x", 1);
	put_built(&second, "good", "good");
	put_built(&second, "broken", "good");
	put_built(&second, "old", "old");
	/* Twice: what was refused is looked at afresh, what is loaded stays. */
	ck_assert_int_eq(td_loader_scan(place.loader), 0);
	ck_assert_int_eq(td_loader_scan(place.loader), 0);

	plugin = td_loader_next(place.loader, NULL);
	ck_assert_str_eq(plugin->name, "UPPER");
	ck_assert_ptr_nonnull(strstr(plugin->error, "a name is 1 to 63 of a-z"));
	plugin = td_loader_next(place.loader, plugin);
	ck_assert_str_eq(plugin->file, file_of(&place, "broken"));
	ck_assert_ptr_nonnull(strstr(plugin->error, "not an ELF file"));
	plugin = td_loader_next(place.loader, plugin);
	ck_assert_str_eq(plugin->file, file_of(&second, "broken"));
	snprintf(hidden, sizeof(hidden), "hidden by %s", file_of(&place, "broken"));
	ck_assert_ptr_nonnull(strstr(plugin->error, hidden));
	plugin = td_loader_next(place.loader, plugin);
	ck_assert_str_eq(plugin->file, file_of(&place, "good"));
	ck_assert_int_eq(plugin->state, TD_PLUGIN_LOADED);
	plugin = td_loader_next(place.loader, plugin);
	ck_assert_str_eq(plugin->file, file_of(&second, "good"));
	ck_assert_int_eq(plugin->state, TD_PLUGIN_REFUSED);
	plugin = td_loader_next(place.loader, plugin);
	ck_assert_str_eq(plugin->name, "old");
	ck_assert_ptr_null(td_loader_next(place.loader, plugin));
	place_fini(&place);
	place_fini(&second);
}
END_TEST

/* Opens as often as it takes, with a new loader each time. */
static int open_and_scan(const char *dir)
{
	struct td_loader *loader = td_loader_new();
	struct td_failure failure = {0};
	int r = -TASKD_ENOMEM;

	if (loader != NULL)
		r = td_loader_add_dir(loader, dir);
	if (r == 0 && td_loader_open(loader, "good", &failure) == NULL)
		r = failure.code;
	if (r == 0)
		r = td_loader_scan(loader);
	td_loader_free(loader);
	return r;
}

START_TEST(every_allocation_may_fail)
{
	struct place place;

	place_init(&place);
	put_built(&place, "good", "good");
	put_built(&place, "old", "old");
	put(&place, "text", "x", 1);
	TD_TEST_TORTURE(open_and_scan(place.dir));
	place_fini(&place);
}
END_TEST

TD_TEST_MAIN("loader", a_good_plugin_is_loaded_once, what_an_older_descriptor_lacks_is_zero,
	     a_missing_plugin_names_the_directories_and_what_is_near,
	     without_a_directory_nothing_is_found, what_is_no_name_is_not_searched,
	     directories_have_a_limit_and_count_once, only_regular_files_are_opened,
	     a_link_that_leads_nowhere_is_reported, an_unreadable_file_is_refused,
	     what_everybody_can_write_is_refused, the_directory_behind_a_link_counts_too,
	     a_file_of_another_user_is_refused, what_is_not_elf_is_refused,
	     objects_for_other_machines_are_refused, a_truncated_file_is_refused_wherever_it_ends,
	     a_damaged_file_never_hurts, a_library_that_is_no_plugin_never_runs,
	     a_plugin_of_another_abi_never_runs, descriptors_of_a_wrong_size_are_refused,
	     a_descriptor_with_another_name_is_refused, a_descriptor_without_run_is_refused,
	     a_descriptor_with_an_unknown_driver_is_refused,
	     undefined_symbols_are_found_when_it_is_loaded, a_bad_parameter_is_named,
	     a_scan_shows_all_and_the_first_directory_wins, every_allocation_may_fail)

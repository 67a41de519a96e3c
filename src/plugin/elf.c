/* SPDX-License-Identifier: MIT */
/*
 * Reads just enough of ELF (System V ABI, chapters 4 and 5; the GNU hash table) to tell a plugin
 * from anything else. The dynamic loader would run the constructors of whatever it is given, and
 * has one short text for most mistakes. Every offset comes from the file and is checked against
 * its size; every walk has a limit.
 */
#include "plugin/elf.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

#define SEGMENTS_MAX 64
#define DYNAMIC_MAX 4096 /* entries of the dynamic section */
#define CHAIN_MAX 65536  /* symbols looked at */
#define SYMBOL_NAME_MAX 64

#if __ELF_NATIVE_CLASS == 64
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif

/* Of this very program: its header is the first thing of it in memory. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* The tables that the dynamic section names, as addresses; 0: absent. */
struct tables {
	uint64_t symbols, strings, strings_size, gnu_hash, sysv_hash;
};

struct elf {
	int fd;           /* borrowed */
	const char *file; /* borrowed, for messages */
	uint64_t size;
	struct td_failure *failure;
	ElfW(Phdr) segments[SEGMENTS_MAX];
	size_t n_segments;
	struct tables tables;
};

static int truncated(const struct elf *elf)
{
	return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
		       "%s: the file is truncated or damaged", elf->file);
}

/* ---- reading ---------------------------------------------------------------------------- */

static int read_at(const struct elf *elf, uint64_t offset, void *buffer, size_t length)
{
	if (offset > elf->size || length > elf->size - offset)
		return truncated(elf);
	for (size_t done = 0; done < length;) {
		ssize_t n = pread(elf->fd, (char *)buffer + done, length - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
				       "%s: cannot be read: %s", elf->file, taskd_strerror(-errno));
		if (n == 0)
			return truncated(elf);
		done += (size_t)n;
	}
	return 0;
}

/* Reads what would be at an address once the file is loaded. */
static int read_address(const struct elf *elf, uint64_t address, void *buffer, size_t length)
{
	for (size_t i = 0; i < elf->n_segments; i++) {
		const ElfW(Phdr) *segment = &elf->segments[i];

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr)
			continue;
		if (address - segment->p_vaddr >= segment->p_filesz)
			continue;
		if (length > segment->p_filesz - (address - segment->p_vaddr))
			break;
		return read_at(elf, segment->p_offset + (address - segment->p_vaddr), buffer,
			       length);
	}
	return truncated(elf);
}

/* ---- header and segments ---------------------------------------------------------------- */

static int check_ident(const struct elf *elf)
{
	unsigned char ident[EI_NIDENT];
	const char *what = NULL;
	int r;

	if (elf->size < sizeof(ident))
		what = "not an ELF file";
	if (what == NULL) {
		r = read_at(elf, 0, ident, sizeof(ident));
		if (r < 0)
			return r;
		if (memcmp(ident, ELFMAG, SELFMAG) != 0)
			what = "not an ELF file";
		else if (ident[EI_CLASS] != NATIVE_CLASS)
			what = NATIVE_CLASS == ELFCLASS64 ? "not a 64-bit object, as this taskd is"
							  : "not a 32-bit object, as this taskd is";
		else if (ident[EI_DATA] != NATIVE_DATA)
			what = "of the other byte order";
	}
	if (what == NULL)
		return 0;
	return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file, "%s: %s", elf->file, what);
}

static int read_segments(struct elf *elf)
{
	ElfW(Ehdr) header;
	int r;

	r = read_at(elf, 0, &header, sizeof(header));
	if (r < 0)
		return r;
	if (header.e_machine != __ehdr_start.e_machine)
		return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
			       "%s: for another machine (ELF machine %u, this one is %u)",
			       elf->file, (unsigned)header.e_machine,
			       (unsigned)__ehdr_start.e_machine);
	if (header.e_type != ET_DYN)
		return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file, "%s: not a shared object",
			       elf->file);
	if (header.e_phentsize != sizeof(elf->segments[0]) || header.e_phnum == 0 ||
	    header.e_phnum > SEGMENTS_MAX)
		return truncated(elf);
	elf->n_segments = header.e_phnum;
	r = read_at(elf, header.e_phoff, elf->segments, elf->n_segments * sizeof(elf->segments[0]));
	if (r < 0)
		return r;
	for (size_t i = 0; i < elf->n_segments; i++) {
		const ElfW(Phdr) *segment = &elf->segments[i];

		if (segment->p_type != PT_LOAD && segment->p_type != PT_DYNAMIC)
			continue;
		if (segment->p_offset > elf->size ||
		    segment->p_filesz > elf->size - segment->p_offset)
			return truncated(elf);
	}
	return 0;
}

/* ---- dynamic section -------------------------------------------------------------------- */

static void note_entry(struct tables *tables, const ElfW(Dyn) * entry)
{
	switch (entry->d_tag) {
	case DT_SYMTAB:
		tables->symbols = entry->d_un.d_ptr;
		break;
	case DT_STRTAB:
		tables->strings = entry->d_un.d_ptr;
		break;
	case DT_STRSZ:
		tables->strings_size = entry->d_un.d_val;
		break;
	case DT_GNU_HASH:
		tables->gnu_hash = entry->d_un.d_ptr;
		break;
	case DT_HASH:
		tables->sysv_hash = entry->d_un.d_ptr;
		break;
	default:
		break;
	}
}

static int read_dynamic(struct elf *elf)
{
	const ElfW(Phdr) *dynamic = NULL;

	for (size_t i = 0; i < elf->n_segments && dynamic == NULL; i++)
		if (elf->segments[i].p_type == PT_DYNAMIC)
			dynamic = &elf->segments[i];
	if (dynamic == NULL)
		return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
			       "%s: not a shared object: it has no dynamic section", elf->file);
	for (size_t i = 0; i < DYNAMIC_MAX; i++) {
		ElfW(Dyn) entry;
		int r;

		if ((i + 1) * sizeof(entry) > dynamic->p_filesz)
			return 0;
		r = read_at(elf, dynamic->p_offset + i * sizeof(entry), &entry, sizeof(entry));
		if (r < 0)
			return r;
		if (entry.d_tag == DT_NULL)
			return 0;
		note_entry(&elf->tables, &entry);
	}
	return truncated(elf);
}

/* ---- symbols ---------------------------------------------------------------------------- */

/* Reads a symbol. Returns: 1 when it has that name, 0 when not, or the failure. */
static int match_symbol(const struct elf *elf, uint32_t index, const char *name,
			ElfW(Sym) * ret_symbol)
{
	const struct tables *tables = &elf->tables;
	const size_t length = strlen(name) + 1;
	char text[SYMBOL_NAME_MAX];
	int r;

	r = read_address(elf, tables->symbols + (uint64_t)index * sizeof(*ret_symbol), ret_symbol,
			 sizeof(*ret_symbol));
	if (r < 0)
		return r;
	if (ret_symbol->st_name >= tables->strings_size ||
	    length > tables->strings_size - ret_symbol->st_name)
		return 0; /* the name at that place is shorter */
	r = read_address(elf, tables->strings + ret_symbol->st_name, text, length);
	if (r < 0)
		return r;
	return memcmp(text, name, length) == 0;
}

/* Returns: 1 found, 0 not there, or the failure. */
static int find_by_gnu_hash(const struct elf *elf, const char *name, ElfW(Sym) * ret_symbol)
{
	uint32_t head[4]; /* buckets, first symbol, words of the filter, its shift */
	uint32_t hash = 5381, index, link;
	uint64_t buckets, chains;
	int r;

	for (const char *c = name; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	r = read_address(elf, elf->tables.gnu_hash, head, sizeof(head));
	if (r < 0 || head[0] == 0)
		return r;
	buckets = elf->tables.gnu_hash + sizeof(head) + (uint64_t)head[2] * sizeof(ElfW(Addr));
	chains = buckets + (uint64_t)head[0] * sizeof(uint32_t);
	r = read_address(elf, buckets + (uint64_t)(hash % head[0]) * sizeof(uint32_t), &index,
			 sizeof(index));
	if (r < 0 || index < head[1])
		return r;
	for (size_t i = 0; i < CHAIN_MAX; i++, index++) {
		r = read_address(elf, chains + (uint64_t)(index - head[1]) * sizeof(uint32_t),
				 &link, sizeof(link));
		if (r == 0 && (link | 1) == (hash | 1))
			r = match_symbol(elf, index, name, ret_symbol);
		if (r != 0 || (link & 1) != 0)
			return r;
	}
	return truncated(elf);
}

/* As above, with the older table. */
static int find_by_sysv_hash(const struct elf *elf, const char *name, ElfW(Sym) * ret_symbol)
{
	uint32_t head[2]; /* buckets, chains */
	uint32_t hash = 0, index;
	uint64_t buckets = elf->tables.sysv_hash + sizeof(head), chains;
	int r;

	for (const char *c = name; *c != '\0'; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash ^= (hash >> 24) & 0xF0;
		hash &= 0x0FFFFFFF;
	}
	r = read_address(elf, elf->tables.sysv_hash, head, sizeof(head));
	if (r < 0 || head[0] == 0)
		return r;
	chains = buckets + (uint64_t)head[0] * sizeof(uint32_t);
	r = read_address(elf, buckets + (uint64_t)(hash % head[0]) * sizeof(uint32_t), &index,
			 sizeof(index));
	for (size_t i = 0; r == 0 && index != 0; i++) {
		if (i == CHAIN_MAX)
			return truncated(elf);
		r = match_symbol(elf, index, name, ret_symbol);
		if (r == 0)
			r = read_address(elf, chains + (uint64_t)index * sizeof(uint32_t), &index,
					 sizeof(index));
	}
	return r;
}

static int find_symbol(const struct elf *elf, const char *name, ElfW(Sym) * ret_symbol)
{
	const struct tables *tables = &elf->tables;
	int r = 0;

	td_assert(strlen(name) < SYMBOL_NAME_MAX);
	if (tables->symbols != 0 && tables->strings != 0 && tables->gnu_hash != 0)
		r = find_by_gnu_hash(elf, name, ret_symbol);
	else if (tables->symbols != 0 && tables->strings != 0 && tables->sysv_hash != 0)
		r = find_by_sysv_hash(elf, name, ret_symbol);
	if (r < 0)
		return r;
	if (r == 0 || ret_symbol->st_shndx == SHN_UNDEF)
		return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
			       "%s: not a plugin: it has no symbol %s", elf->file, name);
	if ((ret_symbol->st_info & 0xF) != STT_OBJECT)
		return td_fail(elf->failure, -TASKD_EPLUGIN, elf->file,
			       "%s: not a plugin: its symbol %s is not a data object", elf->file,
			       name);
	return 0;
}

int td_elf_find(int fd, const char *file, const char *symbol, struct td_elf_object *ret_object,
		struct td_failure *reterr_failure)
{
	struct elf *elf = td_mem_new(sizeof(*elf));
	struct td_elf_object object = {0};
	ElfW(Sym) found;
	struct stat st;
	int r;

	if (elf == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, file, "%s: out of memory", file);
	elf->fd = fd;
	elf->file = file;
	elf->failure = reterr_failure;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		elf->size = (uint64_t)st.st_size;
	r = check_ident(elf);
	if (r == 0)
		r = read_segments(elf);
	if (r == 0)
		r = read_dynamic(elf);
	if (r == 0)
		r = find_symbol(elf, symbol, &found);
	if (r == 0 && found.st_size >= sizeof(object.words))
		r = read_address(elf, found.st_value, object.words, sizeof(object.words));
	if (r == 0) {
		object.size = found.st_size;
		*ret_object = object;
	}
	td_mem_free(elf);
	return r;
}

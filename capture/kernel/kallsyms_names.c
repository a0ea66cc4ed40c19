/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms_names.c - the names of the kernel's symbols: where each begins, and in which order they are
 *
 * Names have no fixed length.  The kernel's own tables say where each 256th begins and in which order
 * they are.  If these tables can't be found (only their ends are checked), all names are walked once.
 */
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "capture/kernel/kallsyms.h"

#define MAX_NAMES (64u << 20)
#define MARKER_STEP 256 /* the kernel's */
#define MAX_NAME 512	/* KSYM_NAME_LEN */
#define SEQ_BYTES 3
#define HASH_FACTOR 0x01000193u /* odd, so that no byte is lost */
#define HASH_BITS 65536
#define MAX_ALIKE 64 /* names that LTO made from one name */

/* The compressed name at *at, of *nr tokens; moves *at to the next name.  False at the table's end. */
static bool next(const struct symbols *s, size_t *at, const uint8_t **tokens, size_t *nr)
{
	size_t pos = *at;

	if (pos >= s->names_size)
		return false;
	*nr = s->names[pos++];
	if (*nr & 0x80) {
		if (pos >= s->names_size)
			return false;
		*nr = (*nr & 0x7f) | (size_t)s->names[pos++] << 7;
	}
	if (*nr == 0 || *nr > s->names_size - pos)
		return false;
	*tokens = s->names + pos;
	*at = pos + *nr;
	return true;
}

/* Expands a name into `buf`, without the type letter, cut to size - 1. */
static void expand(const struct symbols *s, const uint8_t *tokens, size_t nr, char *buf,
		   size_t size)
{
	size_t len = 0;
	bool type = true;

	for (size_t i = 0; i < nr; i++) {
		const uint8_t *token = s->tokens + s->token_index[tokens[i]];
		size_t n = s->token_len[tokens[i]];

		if (type && n) {
			token++;
			n--;
			type = false;
		}
		if (n > size - 1 - len)
			n = size - 1 - len;
		memcpy(buf + len, token, n);
		len += n;
	}
	buf[len] = '\0';
}

void kallsyms_name(const struct symbols *s, uint32_t index, char *buf, size_t size)
{
	size_t at = s->marker[index / MARKER_STEP], nr = 0;
	const uint8_t *tokens = NULL;

	buf[0] = '\0';
	for (uint32_t i = index / MARKER_STEP * MARKER_STEP; i <= index; i++)
		if (!next(s, &at, &tokens, &nr))
			return;
	expand(s, tokens, nr, buf, size);
}

/* ---- by name ----------------------------------------------------------------------- */

static uint32_t nth_by_name(const struct symbols *s, size_t n)
{
	const uint8_t *seq = s->seqs + SEQ_BYTES * n;
	uint32_t index = (uint32_t)seq[0] << 16 | (uint32_t)seq[1] << 8 | seq[2];

	return index < s->nr ? index : s->nr - 1; /* the latter never in a true kernel's table */
}

/*
 * The part of a name by which it is sorted: a kernel that clang built with LTO sorts "name.llvm.123" as "name"
 * (cleanup_symbol_name() in scripts/kallsyms.c).
 */
static size_t sorted_len(const char *name)
{
	const char *suffix = strstr(name, ".llvm.");

	return suffix ? (size_t)(suffix - name) : strlen(name);
}

/* How the name at place `n` compares with `name`: *exactly, or as the table is sorted. */
static int compare(const struct symbols *s, size_t n, const char *name, bool *exactly)
{
	char other[MAX_NAME];
	size_t len, other_len;
	int order;

	kallsyms_name(s, nth_by_name(s, n), other, sizeof(other));
	*exactly = !strcmp(other, name);
	len = sorted_len(name);
	other_len = sorted_len(other);
	order = memcmp(other, name, len < other_len ? len : other_len);
	return order ? order : (other_len > len) - (other_len < len);
}

/* Names that sort alike are in any order among themselves: the first of them that equals `name`. */
static uint32_t find_sorted(const struct symbols *s, const char *name)
{
	bool found = false;
	size_t at = LOWER_BOUND(s->nr, i, compare(s, i, name, &found) < 0);

	for (size_t end = at + MAX_ALIKE; at < s->nr && at < end; at++) {
		bool alike = !compare(s, at, name, &found);

		if (found)
			return nth_by_name(s, at);
		if (!alike)
			break;
	}
	return s->nr;
}

/*
 * Without a sorted order, one walk over all names looks for all wanted ones.  The hash is a polynomial of the
 * bytes: a name's hash follows from the hashes of its tokens, so that few names have to be expanded.
 */
struct hashes {
	struct {
		uint32_t whole, tail; /* hashes: of its text; without the first letter */
		uint32_t power;	      /* the factor for the hash of the text before it */
	} token[256];
	uint64_t wanted[HASH_BITS / 64]; /* bit i: a wanted hash ends in i */
};

static uint32_t hash_bytes(const uint8_t *bytes, size_t nr)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < nr; i++)
		hash = hash * HASH_FACTOR + bytes[i];
	return hash;
}

static struct hashes *hashes_create(const struct symbols *s, const struct symbol_want *wants,
				    size_t nr)
{
	struct hashes *h = calloc(1, sizeof(*h));

	for (int i = 0; h && i < 256; i++) {
		const uint8_t *text = s->tokens + s->token_index[i];
		size_t len = s->token_len[i];

		h->token[i].whole = hash_bytes(text, len);
		h->token[i].tail = len ? hash_bytes(text + 1, len - 1) : 0;
		for (h->token[i].power = 1; len; len--)
			h->token[i].power *= HASH_FACTOR;
	}
	for (size_t w = 0; h && w < nr; w++) {
		const char *name = wants[w].name;
		uint32_t bit = hash_bytes((const uint8_t *)name, strlen(name)) % HASH_BITS;

		h->wanted[bit / 64] |= 1ULL << bit % 64;
	}
	return h;
}

static bool may_be_wanted(const struct symbols *s, const struct hashes *h, const uint8_t *tokens,
			  size_t nr)
{
	const uint8_t *end = tokens + nr;
	uint32_t hash = 0;

	while (tokens < end && !s->token_len[*tokens]) /* the first letter is the type */
		tokens++;
	if (tokens < end)
		hash = h->token[*tokens++].tail;
	for (; tokens < end; tokens++)
		hash = hash * h->token[*tokens].power + h->token[*tokens].whole;
	hash %= HASH_BITS;
	return h->wanted[hash / 64] >> hash % 64 & 1;
}

static void find_unsorted(const struct symbols *s, struct symbol_want *wants, size_t nr)
{
	struct hashes *h = hashes_create(s, wants, nr);
	const uint8_t *tokens;
	size_t at = 0, nr_tokens;

	for (uint32_t i = 0; h && i < s->nr && next(s, &at, &tokens, &nr_tokens); i++) {
		char name[MAX_NAME];

		if (!may_be_wanted(s, h, tokens, nr_tokens))
			continue;
		expand(s, tokens, nr_tokens, name, sizeof(name));
		for (size_t w = 0; w < nr; w++)
			if (wants[w].index == s->nr && !strcmp(name, wants[w].name))
				wants[w].index = i;
	}
	free(h);
}

void kallsyms_find(const struct symbols *s, struct symbol_want *wants, size_t nr)
{
	for (size_t w = 0; w < nr; w++)
		wants[w].index = s->seqs ? find_sorted(s, wants[w].name) : s->nr;
	if (!s->seqs)
		find_unsorted(s, wants, nr);
}

/* ---- reading ------------------------------------------------------------------------- */

/* Moves *at past `nr` names. */
static bool skip(const struct symbols *s, size_t *at, uint32_t nr)
{
	const uint8_t *tokens;
	size_t nr_tokens;

	while (nr--)
		if (!next(s, at, &tokens, &nr_tokens))
			return false;
	return true;
}

/* Do these markers lead to starts of names?  Checks only the first ones and the last. */
static bool markers_fit(const struct symbols *s, uint32_t nr_markers)
{
	size_t second = 0, last = s->marker[nr_markers - 1];

	for (uint32_t i = 1; i < nr_markers; i++)
		if (s->marker[i] <= s->marker[i - 1])
			return false;
	return !s->marker[0] && skip(s, &second, MARKER_STEP) && second == s->marker[1] &&
	       skip(s, &last, s->nr - (nr_markers - 1) * MARKER_STEP) &&
	       s->names_size - last < 8 /* alignment */;
}

/* The kernel's own markers are between the names and the token table. */
static bool read_markers(struct symbols *s, const struct kallsyms_where *where)
{
	uint32_t nr_markers = (s->nr + MARKER_STEP - 1) / MARKER_STEP;
	size_t size = nr_markers * sizeof(*s->marker), all = where->token_table - where->names;

	if (nr_markers < 2 || s->names_size != all || size > all)
		return false;
	for (size_t align = sizeof(*s->marker); align <= 8; align *= 2) {
		s->names_size = (all - size) / align * align;
		memcpy(s->marker, s->names + s->names_size, size);
		if (markers_fit(s, nr_markers))
			return true;
	}
	s->names_size = all;
	return false;
}

/*
 * The symbols in order of name are after the offsets, or after the offsets' base if there is one.  A core
 * does not hold them: they would double its size.
 */
static void read_seqs(struct symbols *s, struct guest *g, const struct kallsyms_where *where)
{
	uint64_t end = where->offsets + 4ULL * s->nr;

	if (where->relative_base)
		end = ((end + 7) & ~7ULL) + 8;
	s->seqs = malloc((size_t)s->nr * SEQ_BYTES);
	for (uint64_t align = 4; s->seqs && align <= 8; align *= 2) {
		guest_copy(g, (end + align - 1) & ~(align - 1), s->seqs, (size_t)s->nr * SEQ_BYTES);
		if (find_sorted(s, KALLSYMS_BANNER) != s->nr)
			return;
	}
	free(s->seqs);
	s->seqs = NULL;
}

static int walk_names(struct symbols *s, const struct kallsyms_where *where,
		      enum read_status status, struct scxray_error *err)
{
	const uint8_t *tokens;
	size_t at = 0, nr;

	for (uint32_t i = 0; i < s->nr; i++) {
		if (i % MARKER_STEP == 0)
			s->marker[i / MARKER_STEP] = (uint32_t)at;
		if (!next(s, &at, &tokens, &nr))
			return scxray_fail(err, SCXRAY_ERR_GUEST, where->names + at,
					   "kallsyms_names ends at symbol %u of %u%s%s", i, s->nr,
					   status ? ": " : "",
					   status ? read_status_text(status) : "");
	}
	s->names_size = at;
	return 0;
}

int kallsyms_read_names(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			struct scxray_error *err)
{
	uint64_t size = where->token_table - where->names;
	enum read_status status;

	if (where->token_table <= where->names || size > MAX_NAMES)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->names,
				   "kallsyms_names is not before its token table");
	s->names = malloc(size);
	s->marker = calloc(s->nr / MARKER_STEP + 1, sizeof(*s->marker));
	if (!s->names || !s->marker)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	status = guest_read_some(g, where->names, s->names, size, &s->names_size);
	if (!read_markers(s, where))
		return walk_names(s, where, status, err);
	read_seqs(s, g, where);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* regex.c - regular expressions through PCRE2, interpreted, so that no memory of this process is
 * ever both written and executed. Making one: control threads. Searching: any thread, also a
 * worker; a search takes its memory from its room. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/regex.h>

#define TEXT_MAX ((size_t)16 << 10)
/* Steps that one search may take; PCRE2 counts anew at each place where a match may begin. */
#define STEPS 400000u
#define STEPS_LEAST 64u
#define ROOM_BYTES ((size_t)256 << 10)
#define HEAP_KIB 96 /* old and doubled new frames fit into the room together */
#define PAIRS 1 /* where it matched is nobody's business: only that it did */

struct sl_regex {
	pcre2_code *code;
};

/* ---- Memory of a search: one piece, handed out in two halves ---- */

struct sl_regex_room {
	pcre2_general_context *general;
	pcre2_match_context *context;
	pcre2_match_data *data;
	size_t used; /* of the part that lives as long as the room */
	bool half[2];
	_Alignas(16) uint8_t fixed[8192];
	_Alignas(16) uint8_t bytes[2][ROOM_BYTES / 2];
};

/* PCRE2 holds one block of frames, and a second one while it grows. */
static void *room_take(size_t bytes, void *arg)
{
	struct sl_regex_room *room = arg;
	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes <= sizeof(room->fixed) - room->used && room->data == NULL) {
		room->used += bytes;
		return room->fixed + room->used - bytes;
	}
	for (unsigned i = 0; i < 2 && bytes <= sizeof(room->bytes[i]); i++) {
		if (!room->half[i]) {
			room->half[i] = true;
			return room->bytes[i];
		}
	}
	return NULL;
}

static void room_give(void *p, void *arg)
{
	struct sl_regex_room *room = arg;
	for (unsigned i = 0; i < 2; i++)
		if (p == room->bytes[i])
			room->half[i] = false;
}

int sl_regex_room_new(struct sl_regex_room **out)
{
	struct sl_regex_room *room = aligned_alloc(64, (sizeof(*room) + 63) & ~(size_t)63);
	if (room == NULL)
		return -ENOMEM;
	memset(room, 0, sizeof(*room));
	room->general = pcre2_general_context_create(room_take, room_give, room);
	if (room->general != NULL)
		room->context = pcre2_match_context_create(room->general);
	if (room->context != NULL)
		room->data = pcre2_match_data_create(PAIRS, room->general);
	if (room->data == NULL) {
		free(room);
		return -ENOMEM;
	}
	pcre2_set_heap_limit(room->context, HEAP_KIB);
	*out = room;
	return 0;
}

void sl_regex_room_free(struct sl_regex_room *room)
{
	free(room); /* all that was taken lies in it */
}

/* ---- Making ---- */

static int code_new(pcre2_code **out, const char *text, size_t len, uint32_t options,
	struct sl_pattern_error *err)
{
	int number;
	PCRE2_SIZE at;
	pcre2_compile_context *c = pcre2_compile_context_create(NULL);
	if (c == NULL)
		return -ENOMEM;
	pcre2_set_parens_nest_limit(c, 64);
	/* \C leaves a character in its middle: what follows is undefined. */
	options |= PCRE2_NEVER_BACKSLASH_C;
	*out = pcre2_compile((PCRE2_SPTR)text, len, options, &number, &at, c);
	pcre2_compile_context_free(c);
	if (*out != NULL)
		return 0;
	err->at = at;
	if (pcre2_get_error_message(number, (PCRE2_UCHAR *)err->reason, sizeof(err->reason)) < 0)
		memcpy(err->reason, "no regular expression", 22);
	return number == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -EBADMSG;
}

/* An expression that can't even be tried in the room's memory is refused before it is armed. */
static int tried(const struct sl_regex *re, struct sl_pattern_error *err)
{
	static const char why[] = "it needs more memory than a search is given";
	struct sl_regex_room *room;
	int rc = sl_regex_room_new(&room);
	if (rc < 0)
		return rc;
	rc = sl_regex_search(re, room, "", 0);
	sl_regex_room_free(room);
	if (rc >= 0)
		return 0;
	memcpy(err->reason, why, sizeof(why));
	return -EBADMSG;
}

int sl_regex_new(struct sl_regex **out, const char *text, size_t len, unsigned flags,
	struct sl_pattern_error *err)
{
	static const char why[] = "longer than 16 KiB";
	uint32_t options = flags & SL_REGEX_BYTES ? 0 : PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	options |= flags & SL_REGEX_CASELESS ? PCRE2_CASELESS : 0;
	options |= flags & SL_REGEX_DOTALL ? PCRE2_DOTALL : 0;
	*err = (struct sl_pattern_error){ .at = 0 };
	if (len > TEXT_MAX) {
		memcpy(err->reason, why, sizeof(why));
		return -EBADMSG;
	}
	struct sl_regex *re = calloc(1, sizeof(*re));
	if (re == NULL)
		return -ENOMEM;
	int rc = code_new(&re->code, text, len, options, err);
	if (rc == 0)
		rc = tried(re, err);
	if (rc < 0) {
		sl_regex_free(re);
		return rc;
	}
	*out = re;
	return 0;
}

void sl_regex_free(struct sl_regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	free(re);
}

size_t sl_regex_shortest(const struct sl_regex *re)
{
	uint32_t characters = 0;
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_MINLENGTH, &characters);
	return characters;
}

size_t sl_regex_bytes(const struct sl_regex *re)
{
	size_t bytes = 0;
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &bytes);
	return bytes + sizeof(*re);
}

/* ---- Tests that are spelled as one ---- */

struct spelling {
	char *out;
	size_t len, cap;
};

static void put(struct spelling *s, const char *text, size_t len)
{
	if (s->len + len <= s->cap)
		memcpy(s->out + s->len, text, len);
	s->len += len;
}

static void put_text(struct spelling *s, const char *text)
{
	put(s, text, strlen(text));
}

static bool plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Every byte but letters and digits by its number: no engine reads anything into that. */
static void put_byte(struct spelling *s, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	if (plain(c))
		put(s, (const char *)&c, 1);
	else
		put(s, (const char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
}

size_t sl_regex_spell(enum sl_test test, const char *text, size_t len, char *out, size_t cap)
{
	struct spelling s = { out, 0, cap };
	bool like = test == SL_TEST_LIKE;
	if (!like && test != SL_TEST_CONTAINS && test != SL_TEST_STARTS && test != SL_TEST_ENDS)
		return 0;
	if (like || test == SL_TEST_STARTS)
		put_text(&s, "\\A");
	for (size_t i = 0; i < len; i++) {
		if (like && text[i] == '%')
			put_text(&s, "(?s:.*)");
		else if (like && text[i] == '_')
			put_text(&s, "(?:[\\x00-\\x7f]|[\\xc2-\\xf4][\\x80-\\xbf]{1,3})");
		else
			put_byte(&s, (unsigned char)text[i]);
	}
	if (like || test == SL_TEST_ENDS)
		put_text(&s, "\\z");
	return s.len <= cap ? s.len : 0;
}

int sl_regex_of_test(struct sl_regex **out, enum sl_test test, const char *text, size_t len,
	unsigned flags, struct sl_pattern_error *err)
{
	static const char why[] = "empty, or longer than is searched for";
	static _Thread_local char spelled[TEXT_MAX];
	if (test == SL_TEST_MATCHES)
		return sl_regex_new(out, text, len, flags, err);
	if (test != SL_TEST_LIKE && test < SL_TEST_CONTAINS)
		return -EINVAL;
	size_t n = sl_regex_spell(test, text, len, spelled, sizeof(spelled));
	*err = (struct sl_pattern_error){ .at = 0 };
	if (n == 0 && len > 0) {
		memcpy(err->reason, why, sizeof(why));
		return -EBADMSG;
	}
	/* Caseless beyond ASCII is for characters, and these are bytes: none of our places folds
	 * others. */
	return sl_regex_new(out, spelled, n, flags | SL_REGEX_BYTES, err);
}

/* ---- Searching ---- */

int sl_regex_search(
	const struct sl_regex *re, struct sl_regex_room *room, const void *value, size_t len)
{
	size_t steps = STEPS / (len + 1);
	pcre2_set_match_limit(room->context, steps > STEPS_LEAST ? (uint32_t)steps : STEPS_LEAST);
	int rc = pcre2_match(re->code, value != NULL ? value : (const void *)"", len, 0, 0,
		room->data, room->context);
	if (rc >= 0)
		return 1;
	return rc == PCRE2_ERROR_NOMATCH ? 0 : -E2BIG;
}

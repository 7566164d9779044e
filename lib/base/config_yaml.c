/* SPDX-License-Identifier: BSD-3-Clause */
/* config_yaml.c - the configuration file: mappings of scalars and sequences of scalars, as the
 * option table names them; the door to libyaml. Bounded in size and depth; anchors, tags and
 * further documents are refused. Main thread, at start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include <sightline/io.h>

#include "config_value.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define DEPTH_MAX 8
#define PATH_MAX_BYTES 256

struct reader {
	struct sl_config *config;
	const char *path;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; owned here */
	bool live; /* event must be deleted */
	char key[PATH_MAX_BYTES]; /* "flow.max_flows" */
	size_t key_len;
	unsigned line; /* of the current key or item, for messages */
};

#define refuse(r, format, ...)                                                                     \
	sl_config_refuse((r)->config, "%s:%u: " format, (r)->path, (r)->line, ##__VA_ARGS__)

static int next(struct reader *r)
{
	if (r->live)
		yaml_event_delete(&r->event);
	r->live = false;
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		if (r->parser.error == YAML_MEMORY_ERROR)
			return -ENOMEM;
		return sl_config_refuse(r->config, "%s:%zu: not valid YAML: %s", r->path,
			r->parser.problem_mark.line + 1,
			r->parser.problem != NULL ? r->parser.problem : "unreadable");
	}
	r->live = true;
	r->line = (unsigned)r->event.start_mark.line + 1;
	if (r->event.type == YAML_ALIAS_EVENT)
		return refuse(r, "an alias (*name) is not read here; write the value out");
	return 0;
}

static struct value *option_of(struct reader *r)
{
	for (size_t i = 0; i < r->config->own; i++) {
		const char *key = r->config->table[i].key;
		if (key != NULL && strcmp(key, r->key) == 0)
			return &r->config->values[i];
	}
	return NULL;
}

static bool is_section(const struct reader *r)
{
	for (size_t i = 0; i < r->config->own; i++) {
		const char *key = r->config->table[i].key;
		if (key != NULL && strncmp(key, r->key, r->key_len) == 0 && key[r->key_len] == '.')
			return true;
	}
	return false;
}

static int unknown_key(struct reader *r)
{
	struct nearest n = { .word = r->key, .word_len = r->key_len };
	for (size_t i = 0; i < r->config->own; i++) {
		const struct sl_opt *o = &r->config->table[i];
		if (o->key != NULL)
			sl_nearest_offer(&n, o->key);
		else if (o->flag != NULL && strcmp(o->flag, r->key) == 0)
			return refuse(r, "\"%s\" is an option of the command line only", r->key);
	}
	if (n.best != NULL)
		return refuse(r, "unknown key \"%s\"; did you mean \"%s\"?", r->key, n.best);
	return refuse(r, "unknown key \"%s\"; --help lists what there is", r->key);
}

static bool is_null(const yaml_event_t *e)
{
	const char *t = (const char *)e->data.scalar.value;
	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (*t == '\0' || strcmp(t, "~") == 0 || strcmp(t, "null") == 0);
}

static int scalar_set(struct reader *r, struct value *v)
{
	char why[SL_WHY], shown[64];
	const char *text = (const char *)r->event.data.scalar.value;
	if (strlen(text) != r->event.data.scalar.length)
		return refuse(r, "%s: a text with a zero byte", r->key);
	if (is_null(&r->event)) {
		sl_value_allowed(v->opt, why, sizeof(why));
		return refuse(r, "%s has no value; allowed: %s", r->key, why);
	}
	int rc = sl_value_set(r->config->arena, v, text, FROM_FILE, why);
	snprintf(shown, sizeof(shown), "%s", text);
	if (rc == -EINVAL)
		return refuse(r, "%s: \"%s\" is not usable; allowed: %s", r->key, shown, why);
	return rc;
}

static int sequence(struct reader *r, struct value *v)
{
	if (v->opt->kind != SL_OPT_LIST)
		return refuse(r, "%s takes one value, not a list", r->key);
	sl_value_clear(v, FROM_FILE);
	for (;;) {
		int rc = next(r);
		if (rc < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return rc;
		if (r->event.type != YAML_SCALAR_EVENT)
			return refuse(r, "%s: each item of the list is a text", r->key);
		rc = scalar_set(r, v);
		if (rc < 0)
			return rc;
	}
}

static int mapping(struct reader *r, unsigned depth);

/* The value of a key that another program reads, to its end. */
static int pass_over(struct reader *r)
{
	for (unsigned depth = 0;;) {
		yaml_event_type_t t = r->event.type;
		depth += t == YAML_MAPPING_START_EVENT || t == YAML_SEQUENCE_START_EVENT;
		depth -= t == YAML_MAPPING_END_EVENT || t == YAML_SEQUENCE_END_EVENT;
		if (depth == 0)
			return 0;
		if (depth > DEPTH_MAX)
			return refuse(r, "sections nested more than %d deep", DEPTH_MAX);
		int rc = next(r);
		if (rc < 0)
			return rc;
	}
}

static int section(struct reader *r, unsigned depth)
{
	if (!is_section(r) && r->config->program->shares_file)
		return pass_over(r);
	if (!is_section(r))
		return unknown_key(r);
	if (r->event.type == YAML_MAPPING_START_EVENT)
		return mapping(r, depth + 1);
	if (r->event.type == YAML_SCALAR_EVENT && is_null(&r->event))
		return 0; /* a section whose lines are all comments */
	return refuse(r, "%s is a section: its keys stand below it, indented", r->key);
}

/* The event is the value of r->key. */
static int member(struct reader *r, unsigned depth)
{
	struct value *v = option_of(r);
	if (v == NULL)
		return section(r, depth);
	if (v->opt->missing != NULL)
		return refuse(r, "%s: %s", r->key, v->opt->missing);
	if (v->from == FROM_FILE)
		return refuse(r, "%s is given twice (first in line %u)", r->key, v->line);
	v->line = r->line;
	if (r->event.type == YAML_SEQUENCE_START_EVENT)
		return sequence(r, v);
	if (r->event.type == YAML_SCALAR_EVENT)
		return scalar_set(r, v);
	return refuse(r, "%s takes a value, not a section", r->key);
}

static int key_push(struct reader *r)
{
	const yaml_event_t *e = &r->event;
	if (e->type != YAML_SCALAR_EVENT)
		return refuse(r, "a key must be a word");
	size_t len = e->data.scalar.length;
	const char *word = (const char *)e->data.scalar.value;
	if (len == 0 || strlen(word) != len || r->key_len + 1 + len >= PATH_MAX_BYTES)
		return refuse(r, "a key that is empty or too long");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)word[i] < 0x20 || word[i] == 0x7f)
			return refuse(r, "a key with a control character");
	if (r->key_len > 0)
		r->key[r->key_len++] = '.';
	memcpy(r->key + r->key_len, word, len + 1);
	r->key_len += len;
	return 0;
}

static int mapping(struct reader *r, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return refuse(r, "sections nested more than %d deep", DEPTH_MAX);
	for (;;) {
		size_t outer = r->key_len;
		int rc = next(r);
		if (rc < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return rc;
		rc = key_push(r);
		unsigned line = r->line;
		if (rc == 0)
			rc = next(r);
		r->line = line;
		if (rc == 0)
			rc = member(r, depth);
		if (rc < 0)
			return rc;
		r->key_len = outer;
		r->key[outer] = '\0';
	}
}

static int document(struct reader *r)
{
	int rc = next(r); /* stream start */
	if (rc == 0)
		rc = next(r);
	if (rc < 0 || r->event.type == YAML_STREAM_END_EVENT)
		return rc; /* an empty file says nothing */
	rc = next(r);
	if (rc < 0)
		return rc;
	bool empty = r->event.type == YAML_SCALAR_EVENT && is_null(&r->event);
	if (r->event.type != YAML_MAPPING_START_EVENT && !empty)
		return refuse(r, "expected \"key: value\" lines");
	if (!empty)
		rc = mapping(r, 1);
	if (rc == 0)
		rc = next(r); /* document end */
	if (rc == 0)
		rc = next(r);
	if (rc == 0 && r->event.type != YAML_STREAM_END_EVENT)
		return refuse(r, "a second document (---) is not read");
	return rc;
}

int sl_config_read_bytes(struct sl_config *c, const char *path, const void *p, size_t len)
{
	struct reader r = { .config = c, .path = path };
	if (!yaml_parser_initialize(&r.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&r.parser, p, len);
	int rc = document(&r);
	if (r.live)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return rc;
}

int sl_config_read(struct sl_config *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sl_config_refuse(c, "%s: cannot be read: %s", path, strerror(errno));
	char *bytes = malloc(FILE_BYTES_MAX + 1);
	if (bytes == NULL) {
		close(fd);
		return -ENOMEM;
	}
	ssize_t n = sl_io_read(fd, bytes, FILE_BYTES_MAX + 1);
	close(fd);
	int rc;
	if (n < 0)
		rc = sl_config_refuse(c, "%s: cannot be read: %s", path, strerror((int)-n));
	else if ((size_t)n > FILE_BYTES_MAX)
		rc = sl_config_refuse(c, "%s: more than 1 MiB is no configuration file", path);
	else
		rc = sl_config_read_bytes(c, path, bytes, (size_t)n);
	free(bytes);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* image_test.c - a set that went through an image is the set that was built: the same indicators,
 * the same hits, the same births; and what is no image of a set is refused or harmless. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/image.h>

#include "image_use.h"
#include "test.h"

static const char feed[] =
	"{\"id\":\"i1\",\"type\":\"ipv4-addr\",\"value\":\"45.33.12.0/24\",\"source\":\"one\"}\n"
	"{\"id\":\"i2\",\"type\":\"ipv4-addr\",\"value\":\"45.33.12.7\",\"source\":\"one\","
	"\"labels\":[\"a\",\"b\"],\"valid_until\":\"2031-01-01T00:00:00Z\"}\n"
	"{\"id\":\"i3\",\"type\":\"ipv4-addr\",\"value\":\"45.33.12.7\",\"source\":\"two\"}\n"
	"{\"id\":\"i4\",\"type\":\"ipv6-addr\",\"value\":\"2a03:db8::7\",\"name\":\"said\"}\n"
	"{\"id\":\"i5\",\"type\":\"ipv6-addr\",\"value\":\"2a03:db8:1::/48\",\"name\":\"said\"}\n"
	"{\"id\":\"i6\",\"type\":\"ipv6-addr\",\"value\":\"2a04:db8::/32\"}\n"
	"{\"type\":\"domain-name\",\"value\":\"evil.example\",\"match\":\"suffix\"}\n"
	"{\"id\":\"i8\",\"type\":\"domain-name\",\"value\":\"a.b.c.other.example\",\"tlp\":\"red\"}"
	"\n"
	"{\"id\":\"i9\",\"type\":\"url\",\"value\":\"http://evil.example/a-long-way/down/to/it\"}\n"
	"{\"id\":\"ia\",\"type\":\"url\",\"value\":\"http://evil.example/dir/with-more-than-16/"
	"\",\"match\":\"prefix\"}\n"
	"{\"id\":\"ib\",\"where\":\"file.sha256\",\"value\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"confidence\":20,\"test\":true}\n"
	"{\"id\":\"ic\",\"pattern\":\"[domain-name:value = 'tree.example' AND "
	"network-traffic:dst_port = 443]\"}\n"
	"{\"id\":\"id\",\"pattern\":\"[url:value LIKE '%/gate.php'] FOLLOWEDBY "
	"[ipv4-addr:value = '45.33.12.9' OR email-message:subject MATCHES '^in.oice$'] "
	"WITHIN 60 SECONDS\"}\n"
	"{\"id\":\"ie\",\"pattern\":\"[domain-name:value = 'odd.example' AND "
	"url:value NOT LIKE '%/fine']\"}\n";

static struct sl_intel *feed_read(const char *text, size_t len)
{
	const struct sl_intel_options io = { .validity = SL_VALID_IGNORE };
	struct sl_intel *in;
	assert_int_equal(sl_intel_new(&in), 0);
	assert_int_equal(sl_intel_read_bytes(in, "feed", text, len, &io), 0);
	return in;
}

static struct image_set built(
	const char *text, const struct sl_ruleset *before, uint32_t generation)
{
	struct image_set set;
	struct sl_intel *in = feed_read(text, strlen(text));
	assert_int_equal(image_set_build(&set, in, NULL, before, generation), 0);
	return set;
}

/* What is in the blocks of its image. */
static uint8_t *image_bytes(const struct sl_ruleset *rs, size_t *len)
{
	char folder[] = "/tmp/sightline-image-XXXXXX";
	struct sl_image_out *o;
	struct sl_image_in *in;
	assert_non_null(mkdtemp(folder));
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(sl_image_create(&o, fd, "x"), 0);
	sl_ruleset_save(rs, o);
	*len = sl_image_put_bytes(o);
	assert_int_equal(sl_image_commit(o), 0);
	assert_int_equal(sl_image_open(&in, fd, "x"), 0);
	uint8_t *p = malloc(*len);
	sl_image_take(in, p, *len);
	assert_true(sl_image_ended(in));
	sl_image_close(in);
	assert_int_equal(unlinkat(fd, "x", 0), 0);
	close(fd);
	assert_int_equal(rmdir(folder), 0);
	return p;
}

static void same_indicator(const struct sl_indicator *a, const struct sl_indicator *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->source, b->source);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->severity, b->severity);
	assert_string_equal(a->labels, b->labels);
	assert_string_equal(a->quiet_reason, b->quiet_reason);
	assert_string_equal(a->part, b->part);
	assert_string_equal(a->value, b->value);
	assert_int_equal(a->value_len, b->value_len);
	assert_int_equal(a->where, b->where);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->match, b->match);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->prefix_len, b->prefix_len);
	assert_int_equal(a->tlp, b->tlp);
	assert_int_equal(a->confidence, b->confidence);
	assert_int_equal(a->test, b->test);
	assert_int_equal(a->quiet, b->quiet);
	assert_int_equal(a->below, b->below);
	assert_int_equal(a->leaf, b->leaf);
	assert_int_equal(a->detection, b->detection);
	assert_memory_equal(&a->addr, &b->addr, sizeof(a->addr));
	assert_true(a->valid_from_ns == b->valid_from_ns);
	assert_true(a->valid_until_ns == b->valid_until_ns);
}

static void test_same(void **state)
{
	(void)state;
	size_t len, len_again;
	struct image_set set = built(feed, NULL, 1), again;
	uint8_t *p = image_bytes(set.rs, &len);
	assert_int_equal(image_set_load(&again, p, len, NULL, 1), 0);
	assert_int_equal(sl_ruleset_indicators(again.rs), sl_ruleset_indicators(set.rs));
	assert_int_equal(sl_ruleset_detections(set.rs), 3);
	assert_int_equal(sl_ruleset_detections(again.rs), 3);
	assert_int_equal(again.book->count, set.book->count);
	for (uint32_t i = 0; i < set.book->count; i++) {
		struct sl_indicator a, b;
		sl_ruleset_indicator(set.rs, i, &a);
		sl_ruleset_indicator(again.rs, i, &b);
		same_indicator(&a, &b);
	}
	uint32_t hits = image_set_hits(&set, 0);
	assert_true(hits > 12);
	assert_int_equal(image_set_hits(&again, 0), hits);
	/* And an image of it is the same image. */
	uint8_t *q = image_bytes(again.rs, &len_again);
	assert_int_equal(len_again, len);
	assert_memory_equal(p, q, len);
	free(q);
	free(p);
	sl_ruleset_free(set.rs);
	sl_ruleset_free(again.rs);
}

/* Births are told by what was in force before, whichever way the next set came. */
static void test_births(void **state)
{
	(void)state;
	size_t len;
	const char *line = strchr(feed, '\n') + 1;
	struct image_set first = built(feed, NULL, 1), second, third;
	uint8_t *p = image_bytes(first.rs, &len);
	assert_int_equal(image_set_load(&second, p, len, first.rs, 2), 0);
	/* Nothing is newer than the flow but the trees, which ask their leaves anew. */
	uint32_t leaves = image_set_hits(&second, 1);
	assert_int_equal(image_set_hits(&first, 1), 0);
	assert_in_range(leaves, 1, image_set_hits(&second, 0) - 1);
	third = built(feed, second.rs, 3);
	assert_int_equal(image_set_hits(&third, 1), leaves);
	sl_ruleset_free(second.rs);
	sl_ruleset_free(third.rs);
	/* A line of sets that began without the image: identities are under another key. */
	second = built(line, NULL, 1);
	assert_int_equal(image_set_load(&third, p, len, second.rs, 2), 0);
	assert_true(image_set_hits(&third, 1) > leaves);
	assert_true(image_set_hits(&third, 1) < image_set_hits(&third, 0));
	free(p);
	sl_ruleset_free(first.rs);
	sl_ruleset_free(second.rs);
	sl_ruleset_free(third.rs);
}

/* An image of no indicators at all. */
static void test_empty(void **state)
{
	(void)state;
	size_t len;
	struct image_set set = built("{\"value\":\"none\"}\n", NULL, 1), again;
	uint8_t *p = image_bytes(set.rs, &len);
	assert_int_equal(image_set_load(&again, p, len, NULL, 1), 0);
	assert_int_equal(again.book->count, 0);
	free(p);
	sl_ruleset_free(set.rs);
	sl_ruleset_free(again.rs);
}

static void test_cut(void **state)
{
	(void)state;
	size_t len;
	struct image_set set = built(feed, NULL, 1), again;
	uint8_t *p = image_bytes(set.rs, &len);
	for (size_t i = 0; i < len; i += i < 4096 || i + 4096 > len ? 1 : 509) {
		struct guarded g = guarded_new(p, i);
		assert_int_equal(image_set_load(&again, g.p, i, NULL, 1), -EBADMSG);
		guarded_free(&g);
	}
	free(p);
	sl_ruleset_free(set.rs);
}

/* Any byte changed: refused, or a set in which one can look things up. */
static void test_changed(void **state)
{
	(void)state;
	size_t len, refused = 0, taken = 0;
	struct image_set set = built(feed, NULL, 1), again;
	uint8_t *p = image_bytes(set.rs, &len);
	for (size_t i = 0; i < len; i += i < 8192 ? 1 : 257) {
		uint8_t was = p[i];
		p[i] ^= i % 3 == 0 ? 0xff : (uint8_t)(1u << (i % 8));
		int rc = image_set_load(&again, p, len, NULL, 1);
		assert_true(rc == 0 || rc == -EBADMSG);
		if (rc == 0) {
			(void)image_set_hits(&again, 0);
			sl_ruleset_free(again.rs);
		}
		refused += rc < 0;
		taken += rc == 0;
		p[i] = was;
	}
	assert_true(refused > 100 && taken > 100);
	free(p);
	sl_ruleset_free(set.rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_births),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* image_use.h - a set from an image's bytes, and everything that is done with one. */
#ifndef SL_TEST_IMAGE_USE_H
#define SL_TEST_IMAGE_USE_H

#include <sightline/book.h>
#include <sightline/match.h>

struct image_set {
	struct sl_ruleset *rs;
	const struct sl_book *book; /* its indicators */
};
/* Of a set that was read; takes it. */
int image_set_build(struct image_set *out, struct sl_intel *in, struct sl_image_in *image,
	const struct sl_ruleset *previous, uint32_t generation);
/* What stands in an image's blocks becomes a set; sl_ruleset_build's answers. */
int image_set_load(struct image_set *out, const uint8_t *p, size_t len,
	const struct sl_ruleset *previous, uint32_t generation);
/* Looks up every value that it lists, as it is and with something before or behind it, in the
 * places of its type, and spells out what is hit; returns how many hits. again: as of a flow of
 * that generation; 0: as at first. */
uint32_t image_set_hits(const struct image_set *set, uint32_t again);

#endif

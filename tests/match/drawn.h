/* SPDX-License-Identifier: BSD-3-Clause */
/* drawn.h - random indicators and observables, the same in each run. Values come from small
 * alphabets, so that they nest, share ends and collide. */
#ifndef SL_TEST_DRAWN_H
#define SL_TEST_DRAWN_H

#include "made.h"

unsigned drawn(unsigned n); /* below n */
struct sl_indicator *drawn_indicator(struct sl_intel *in);
void drawn_observable(struct made_batch *m);

#endif

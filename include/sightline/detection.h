/* SPDX-License-Identifier: BSD-3-Clause */
/* detection.h - an indicator that is a tree, compiled: what lib/intel makes of a pattern and
 * lib/match evaluates. Leaves over observables and over the flow's own numbers; a small tree over
 * the leaves.
 *
 * Three kinds of leaf. A TABLE leaf is a listed value: it stands in the tables as an indicator
 * whose `detection` names its tree, once for each of its values. A VALUE leaf is a test that each
 * observable of its places is put to (LIKE, MATCHES, !=, <, EXISTS ...). A FLOW leaf is a test of
 * what every flow has (ports, protocol, sizes), asked when its tree is evaluated.
 *
 * A leaf that can't be evaluated here is no leaf: the compiler writes UNSEEN in its place, which is
 * unknown, never true, and not made true by NOT.
 *
 * An expression is what stands in one [ ]: all of it holds on one observation, which is one message
 * with the flow that carries it (SL_SCOPE_MESSAGE), or on one flow, whatever its messages
 * (SL_SCOPE_FLOW). A detection of one expression is decided by the worker. One of several, or with
 * a qualifier, is decided by the correlator, which is told each expression that became true, with
 * the host and the time (SL_SCOPE_HOST). */
#ifndef SIGHTLINE_DETECTION_H
#define SIGHTLINE_DETECTION_H

#include <sightline/observable.h>
#include <sightline/pattern.h>

enum sl_leaf_kind { SL_LEAF_TABLE, SL_LEAF_VALUE, SL_LEAF_FLOW, SL_LEAF_UNSEEN };

/* What a FLOW leaf compares; numbers, but for PROTOCOLS. */
enum sl_flow_field {
	SL_FIELD_SRC_PORT,
	SL_FIELD_DST_PORT,
	SL_FIELD_ANY_PORT, /* of either end: a format that gives no direction */
	SL_FIELD_PROTOCOLS, /* "ipv4", "tcp", the parser's name: any of them */
	SL_FIELD_SRC_BYTES,
	SL_FIELD_DST_BYTES,
	SL_FIELD_SRC_PACKETS,
	SL_FIELD_DST_PACKETS,
	SL_FIELD_START, /* ns */
	SL_FIELD_END,
	SL_FIELD_IS_ACTIVE,
	SL_FIELD_VLAN,
};

#define SL_LEAVES_MAX 256 /* of a detection, after the split of its outermost OR */
#define SL_EXPRESSIONS_MAX 16
#define SL_JOINS_MAX 1024 /* observations that one detection may ask for, REPEATS multiplied */
#define SL_NODES_MAX                                                                               \
	256 /* of what is left to join: operations, but ORs and REPEATS of one                     \
	       observation that are a slot of another kind */
#define SL_LEAF_NONE 0xffff

struct sl_leaf {
	uint8_t kind; /* enum sl_leaf_kind */
	uint8_t test; /* enum sl_test; VALUE and FLOW */
	bool negated;
	bool caseless; /* VALUE: the place's normal form is in lower case */
	uint8_t field; /* enum sl_flow_field; FLOW */
	uint8_t expression; /* the one that it belongs to */
	uint16_t present; /* under a three-valued NOT: the leaf (EXISTS) that says whether there is
			     anything to compare; else SL_LEAF_NONE */
	uint64_t wheres[(SL_WHERE_COUNT + 63) / 64]; /* TABLE and VALUE: places it is looked for
							in */
	const struct sl_constant *constant; /* VALUE, FLOW: texts in the normal form of their place;
					       MATCHES and its kin: a regular expression */
	size_t constants;
	const char *text; /* as a pattern writes it: what `matched` of a sighting says */
};

enum sl_step_op {
	SL_OP_LEAF, /* a: leaf */
	SL_OP_AND, /* a, b: the numbers of earlier ops */
	SL_OP_OR,
	SL_OP_NOT, /* a; three-valued */
	/* only above expressions, for the correlator */
	SL_OP_EXPRESSION, /* a: expression */
	SL_OP_FOLLOWED, /* a, b */
	SL_OP_WITHIN, /* a; number: ns */
	SL_OP_REPEATS, /* a; number: times */
	SL_OP_START_STOP, /* a; number, number2: ns */
};

/* Operands stand before what uses them, so that one pass in order evaluates; the last op of a run
 * is its root. */
struct sl_op {
	uint16_t op; /* enum sl_step_op */
	uint16_t a, b;
	uint64_t number, number2;
};

struct sl_expression {
	const struct sl_op *op; /* LEAF, AND, OR, NOT */
	uint16_t ops;
	uint8_t scope; /* SL_SCOPE_MESSAGE or SL_SCOPE_FLOW */
	bool at_close; /* holds a NOT: decided when the message, or the flow, is complete */
	bool flow_numbers; /* asked again when the flow ends: numbers that grow are known only
			      then, and what is spoken only then or of what a parser said */
	bool flow_only; /* no leaf but FLOW: nothing would touch it; asked when a flow begins, and
			   where flow_numbers when it ends */
};

struct sl_detection {
	uint32_t indicator; /* the indicator that it is: match SL_MATCH_TREE, value its pattern */
	uint8_t scope; /* enum sl_scope; HOST: the correlator decides */
	uint8_t expressions;
	bool same_allowed; /* HOST: one observation may satisfy several expressions (CybOX's AND) */
	uint16_t leaves, ops;
	const struct sl_leaf *leaf;
	const struct sl_expression *expression;
	const struct sl_op *op; /* HOST: over expressions */
};

#endif

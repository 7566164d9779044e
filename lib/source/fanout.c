/* SPDX-License-Identifier: BSD-3-Clause */
/* fanout.c - writes the program of fanout.h. It begins at the network header, with the protocol as
 * the kernel knows it, which has taken the outermost VLAN tag off already. Classic BPF jumps only
 * forward, so that the layers before the IP header are unrolled. Control thread.
 *
 * X is where the next header begins; of two addresses each is mixed by itself, and the sum of both
 * is the same in either direction. */
#include <stddef.h>

#include <linux/if_ether.h>

#include "fanout.h"

#define LAYERS 4 /* VLAN tags inside, or MPLS labels */
#define TAIL_JUMPS 16
#define MIX 0x9e3779b1u
#define MIX_LAST 0x85ebca6bu

enum { AT, ACC, SUM, ANY }; /* cells of its memory */

enum { IP4, IP6, TAILS };

struct program {
	struct sock_filter *code;
	uint16_t n;
	uint32_t key;
	bool tuple;
	uint16_t go[TAILS][TAIL_JUMPS], gone[TAILS]; /* jumps to what stands at the end */
};

static void op(struct program *p, uint16_t code, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* A jump whose target is not known yet. */
static uint16_t jump_if(struct program *p, uint16_t test, uint32_t k)
{
	p->code[p->n] = (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), k, 0, 0);
	return p->n++;
}

/* Taken where the test holds, skips what was written since otherwise. */
static void else_here(struct program *p, uint16_t jump)
{
	p->code[jump].jf = (uint8_t)(p->n - jump - 1);
}

/* The next header begins `bytes` further on. */
static void advance(struct program *p, uint32_t bytes)
{
	op(p, BPF_MISC | BPF_TXA, 0);
	op(p, BPF_ALU | BPF_ADD | BPF_K, bytes);
	op(p, BPF_MISC | BPF_TAX, 0);
}

/* A := A multiplied and folded. */
static void mix(struct program *p, uint32_t by)
{
	op(p, BPF_ALU | BPF_MUL | BPF_K, by);
	op(p, BPF_MISC | BPF_TAX, 0);
	op(p, BPF_ALU | BPF_RSH | BPF_K, 15);
	op(p, BPF_ALU | BPF_XOR | BPF_X, 0);
}

/* ACC := the mix of `words` words from X + from; X stays. */
static void address(struct program *p, uint32_t from, unsigned words)
{
	op(p, BPF_STX, AT);
	op(p, BPF_LD | BPF_IMM, p->key);
	op(p, BPF_ST, ACC);
	for (unsigned i = 0; i < words; i++) {
		op(p, BPF_LDX | BPF_W | BPF_MEM, AT);
		op(p, BPF_LD | BPF_W | BPF_IND, from + 4 * i);
		op(p, BPF_LDX | BPF_W | BPF_MEM, ACC);
		op(p, BPF_ALU | BPF_XOR | BPF_X, 0);
		mix(p, MIX);
		op(p, BPF_ST, ACC);
	}
	op(p, BPF_LDX | BPF_W | BPF_MEM, AT);
}

static void finish(struct program *p)
{
	mix(p, MIX_LAST);
	op(p, BPF_RET | BPF_A, 0);
}

/* A := the mix of the port at X + from; X is lost. */
static void port(struct program *p, uint32_t from)
{
	op(p, BPF_LDX | BPF_W | BPF_MEM, AT);
	op(p, BPF_LD | BPF_H | BPF_IND, from);
	op(p, BPF_ALU | BPF_XOR | BPF_K, p->key);
	mix(p, MIX);
}

/* Both ports, in either order, and the sum of the addresses; X is at the transport header. */
static void ports(struct program *p)
{
	op(p, BPF_STX, AT);
	port(p, 0);
	op(p, BPF_ST, ACC);
	port(p, 2);
	op(p, BPF_LDX | BPF_W | BPF_MEM, ACC);
	op(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	op(p, BPF_LDX | BPF_W | BPF_MEM, SUM);
	op(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	finish(p);
}

/* The program ends with the sum of the addresses alone where the packet has no ports. */
static void ports_if(struct program *p, bool ip4)
{
	uint16_t tcp, other, fragment = 0;
	op(p, BPF_LDX | BPF_W | BPF_MEM, AT);
	if (ip4) {
		op(p, BPF_LD | BPF_H | BPF_IND, 6);
		fragment = jump_if(p, BPF_JSET, 0x3fff);
	}
	op(p, BPF_LD | BPF_B | BPF_IND, ip4 ? 9 : 6);
	tcp = jump_if(p, BPF_JEQ, 6);
	other = jump_if(p, BPF_JEQ, 17);
	p->code[tcp].jt = 1; /* over the next test */
	if (ip4) {
		op(p, BPF_LD | BPF_B | BPF_IND, 0);
		op(p, BPF_ALU | BPF_AND | BPF_K, 15);
		op(p, BPF_ALU | BPF_LSH | BPF_K, 2);
		op(p, BPF_ALU | BPF_ADD | BPF_X, 0);
		op(p, BPF_MISC | BPF_TAX, 0);
	} else {
		advance(p, 40);
	}
	ports(p);
	else_here(p, other);
	if (ip4)
		p->code[fragment].jt = (uint8_t)(p->n - fragment - 1);
	op(p, BPF_LD | BPF_MEM, SUM);
	finish(p);
}

static void pair(struct program *p, uint32_t from, unsigned words)
{
	address(p, from, words);
	op(p, BPF_LD | BPF_MEM, ACC);
	op(p, BPF_ST, SUM);
	address(p, from + 4 * words, words);
	op(p, BPF_LD | BPF_MEM, ACC);
	op(p, BPF_LDX | BPF_W | BPF_MEM, SUM);
	op(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	if (!p->tuple) {
		finish(p);
		return;
	}
	op(p, BPF_ST, SUM);
	ports_if(p, words == 1);
}

static void go_if(struct program *p, uint32_t value, unsigned tail)
{
	uint16_t j = jump_if(p, BPF_JEQ, value);
	p->go[tail][p->gone[tail]++] = p->n;
	op(p, BPF_JMP | BPF_JA, 0);
	else_here(p, j);
}

/* A is an EtherType, or a PPP protocol: what is neither IPv4 nor IPv6 goes on behind. */
static void if_ip(struct program *p, uint32_t ip4, uint32_t ip6)
{
	go_if(p, ip4, IP4);
	go_if(p, ip6, IP6);
}

static void tail(struct program *p, unsigned which, uint32_t from, unsigned words)
{
	for (unsigned i = 0; i < p->gone[which]; i++)
		p->code[p->go[which][i]].k = (uint32_t)(p->n - p->go[which][i] - 1);
	pair(p, from, words);
}

static void if_pppoe(struct program *p)
{
	uint16_t j = jump_if(p, BPF_JEQ, ETH_P_PPP_SES);
	op(p, BPF_LD | BPF_H | BPF_IND, 6);
	op(p, BPF_ST, ANY);
	advance(p, 8);
	op(p, BPF_LD | BPF_MEM, ANY);
	if_ip(p, 0x21, 0x57);
	op(p, BPF_RET | BPF_K, 0);
	else_here(p, j);
}

/* Labels up to the bottom of the stack, then what the first nibble says. */
static void mpls(struct program *p)
{
	uint16_t bottom[LAYERS];
	for (unsigned i = 0; i < LAYERS; i++) {
		op(p, BPF_LD | BPF_W | BPF_IND, 0);
		op(p, BPF_ST, ANY);
		advance(p, 4);
		op(p, BPF_LD | BPF_MEM, ANY);
		bottom[i] = jump_if(p, BPF_JSET, 0x100);
	}
	op(p, BPF_RET | BPF_K, 0);
	for (unsigned i = 0; i < LAYERS; i++) /* taken: here; otherwise the next label */
		p->code[bottom[i]].jt = (uint8_t)(p->n - bottom[i] - 1);
	op(p, BPF_LD | BPF_B | BPF_IND, 0);
	op(p, BPF_ALU | BPF_RSH | BPF_K, 4);
	if_ip(p, 4, 6);
	op(p, BPF_RET | BPF_K, 0);
}

static void if_mpls(struct program *p, uint32_t type)
{
	uint16_t j = jump_if(p, BPF_JEQ, type);
	mpls(p);
	else_here(p, j);
}

/* A tag is followed by the type of what it holds; without one the program goes to its end. */
static void vlan(struct program *p)
{
	uint16_t q = jump_if(p, BPF_JEQ, ETH_P_8021Q), ad = jump_if(p, BPF_JEQ, ETH_P_8021AD);
	op(p, BPF_RET | BPF_K, 0);
	p->code[q].jt = (uint8_t)(p->n - q - 1);
	p->code[ad].jt = (uint8_t)(p->n - ad - 1);
	op(p, BPF_LD | BPF_H | BPF_IND, 2);
	op(p, BPF_ST, ANY);
	advance(p, 4);
	op(p, BPF_LD | BPF_MEM, ANY);
}

uint16_t fanout_program(struct sock_filter out[FANOUT_MAX], uint32_t key, bool tuple)
{
	struct program p = { .code = out, .key = key, .tuple = tuple };
	op(&p, BPF_LDX | BPF_IMM, 0);
	op(&p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	for (unsigned i = 0; i < LAYERS; i++) {
		if_ip(&p, ETH_P_IP, ETH_P_IPV6);
		if (i + 1 == LAYERS)
			break;
		if_pppoe(&p);
		if_mpls(&p, ETH_P_MPLS_UC);
		vlan(&p);
	}
	op(&p, BPF_RET | BPF_K, 0);
	tail(&p, IP4, 12, 1);
	tail(&p, IP6, 8, 4);
	return p.n;
}

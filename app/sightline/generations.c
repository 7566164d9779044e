/* SPDX-License-Identifier: BSD-3-Clause */
/* generations.c - `sightline intel generations`, `rollback` and `resume`: what a collector hands
 * out, and back to what it handed out before. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <sightline/bus.h>
#include <sightline/clock.h>
#include <sightline/config.h>
#include <sightline/log.h>

#include "tool.h"

#define COLLECTOR "tcp://127.0.0.1:7612"

static const struct sl_opt opts[] = {
	{ .flag = "to",
		.kind = SL_OPT_U64,
		.arg = "GENERATION",
		.def = "0",
		.min = 0,
		.max = 1e15,
		.help = "rollback: this generation, as generations lists it; 0: the one before" },
	{ .flag = "timeout",
		.kind = SL_OPT_DURATION,
		.def = "10s",
		.min = 1e7,
		.max = 36e11,
		.help = "how long the collector is waited for" },
};

static void put_generation(const Sightline__V1__IntelGeneration *g, bool newest, bool held)
{
	char at[SL_TIME_TEXT], back[48] = "";
	sl_time_text(g->time * SL_SECOND, at);
	if (g->back_to > 0)
		snprintf(back, sizeof(back), ", the set of %" PRIu64 " again", g->back_to);
	printf("%10" PRIu64 "  %.19sZ  %10" PRIu64 " lines  %s%s%s\n", g->generation, at, g->lines,
		newest	  ? "handed out"
		: g->kept ? "kept"
			  : "gone",
		back, newest && held ? ", held" : "");
}

static void put_generations(const Sightline__V1__IntelGenerations *all)
{
	for (size_t i = 0; i < all->n_generations; i++)
		put_generation(all->generations[i], i + 1 == all->n_generations, all->held);
	if (all->n_generations == 0)
		puts("nothing is handed out yet");
}

static int put_answer(const Sightline__V1__IntelAnswer *a)
{
	if (a->about_case == SIGHTLINE__V1__INTEL_ANSWER__ABOUT_GENERATIONS) {
		put_generations(a->generations);
	} else if (a->about_case != SIGHTLINE__V1__INTEL_ANSWER__ABOUT_STATE) {
		sl_error("the collector answers something else");
		return EXIT_FAILED;
	} else if (a->state->refused[0] != '\0') {
		fputs("sightline: error: ", stderr);
		put_safe(stderr, a->state->refused);
		fputc('\n', stderr);
		return EXIT_FAILED;
	} else {
		printf("generation %" PRIu64 " is handed out\n", a->state->generation);
	}
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Until the collector is there, and then until it answers. */
static int exchange(struct sl_asker *k, Sightline__V1__IntelRequest *q, uint64_t timeout_ns)
{
	uint64_t end_ns = sl_clock_mono_ns() + timeout_ns;
	Sightline__V1__IntelAnswer *a;
	bool sent = false;
	q->number = 1;
	while (sl_clock_mono_ns() < end_ns && !tool_ended()) {
		if (!sent)
			sent = sl_asker_send(k, q) == 0;
		int rc = sl_asker_next(k, 20, &a);
		if (rc != 1)
			continue;
		bool mine = a->number == q->number;
		int status = mine ? put_answer(a) : EXIT_FAILED;
		sightline__v1__intel_answer__free_unpacked(a, NULL);
		if (mine)
			return status;
	}
	sl_error("the collector does not answer; is it there, and does it have sources?");
	return EXIT_FAILED;
}

static int ask(const struct sl_config *c, Sightline__V1__IntelRequest__What what)
{
	Sightline__V1__IntelRequest q = SIGHTLINE__V1__INTEL_REQUEST__INIT;
	struct sl_bus *bus;
	struct sl_asker *k;
	size_t n;
	char *const *operand = sl_config_operands(c, &n);
	const char *url = n > 0 ? operand[0] : COLLECTOR;
	q.what = what;
	q.of = sl_config_u64(c, "to");
	if (n > 1) {
		sl_error("one collector: its URL, such as " COLLECTOR);
		return EXIT_UNUSABLE;
	}
	if (sl_bus_new(&bus) < 0)
		return EXIT_FAILED;
	int rc = sl_asker_open(&k, bus, url), status = EXIT_UNUSABLE;
	if (rc < 0) {
		sl_error("%s: %s; give tcp://127.0.0.1:PORT or ipc:///PATH", url,
			rc == -EACCES ? "without keys only loopback addresses are used"
				      : "no address");
	} else {
		tool_catch_end();
		status = exchange(k, &q, sl_config_u64(c, "timeout"));
		sl_asker_close(k);
	}
	sl_bus_free(bus);
	return status;
}

static int list(const struct sl_config *c)
{
	return ask(c, SIGHTLINE__V1__INTEL_REQUEST__WHAT__GENERATIONS);
}

static int rollback(const struct sl_config *c)
{
	return ask(c, SIGHTLINE__V1__INTEL_REQUEST__WHAT__ROLLBACK);
}

static int resume(const struct sl_config *c)
{
	return ask(c, SIGHTLINE__V1__INTEL_REQUEST__WHAT__RESUME);
}

int generations_main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct sl_config *c);
		struct sl_program program;
	} each[] = {
#define PROGRAM(w, f, text)                                                                        \
	{                                                                                          \
		w, f,                                                                              \
		{                                                                                  \
			.name = "sightline intel " w, .usage = "[OPTIONS] [URL]", .about = (text), \
			.opts = opts, .count = sizeof(opts) / sizeof(opts[0])                      \
		}                                                                                  \
	}
		PROGRAM("generations", list,
			"Lists what a collector hands out and what it handed out before. URL is "
			"the collector's --hand-out (default: " COLLECTOR ")."),
		PROGRAM("rollback", rollback,
			"Hands an older set out again, as a new generation, and holds it: what "
			"sources say from then on is not handed out until sightline intel "
			"resume."),
		PROGRAM("resume", resume,
			"Hands out again what the sources say, after sightline intel rollback."),
	};
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		if (strcmp(argv[0], each[i].word) == 0)
			return tool_run(&each[i].program, argc, argv, each[i].run);
	return -1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_config.c - any bytes as a configuration file, through a memory file; what is taken is
 * printed and must be taken again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sightline/config.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sl_opt opts[] = {
	{ "replay", "replay", 'r', SL_OPT_LIST, .help = "h" },
	{ "emit", "emit", 0, SL_OPT_LIST, .choices = "a|bc|def", .comma = true, .help = "h" },
	{ "workers", "workers", 'w', SL_OPT_U64, .def = "1", .min = 1, .max = 64, .help = "h" },
	{ "ratio", "ratio", 0, SL_OPT_DOUBLE, .def = "0.5", .min = 0, .max = 1, .help = "h" },
	{ "huge", NULL, 0, SL_OPT_FLAG, .help = "h" },
	{ "rules", NULL, 0, SL_OPT_LIST, .missing = "no", .help = "h" },
	{ "flow.memory", NULL, 0, SL_OPT_SIZE, .def = "64MiB", .help = "h" },
	{ "flow.timeout.udp", NULL, 0, SL_OPT_DURATION, .def = "30s", .help = "h" },
	{ "name", "name", 'n', SL_OPT_TEXT, .help = "h" },
};
static const struct sl_program program = { "fuzz", "", "Fuzz.", opts,
	sizeof(opts) / sizeof(opts[0]), false };

static int load(struct sl_config **out, const void *bytes, size_t len)
{
	char path[64], err[256], *argv[] = { (char *)"fuzz", (char *)"-c", path, NULL };
	int fd = memfd_create("config", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = sl_config_load(out, &program, 3, argv, err, sizeof(err));
	close(fd);
	if (rc < 0 && (strlen(err) == 0 || strchr(err, '\n') != NULL))
		abort(); /* a refusal is one line */
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_config *c, *again;
	char *text = NULL;
	size_t len;
	if (load(&c, data, size) != 0)
		return 0;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		abort();
	sl_config_print(c, f);
	fclose(f);
	if (load(&again, text, len) != 0)
		abort();
	sl_config_free(again);
	sl_config_free(c);
	free(text);
	return 0;
}

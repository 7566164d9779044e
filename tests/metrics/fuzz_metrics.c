/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_metrics.c - any bytes as a metrics port's answer, and every question that the status asks of
 * what was read. */
#include <stdlib.h>
#include <string.h>

#include <sightline/metrics.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_all(const struct sl_metrics *m)
{
	static const char *const labels[] = { "feed", "worker", "reason", "" };
	size_t n;
	char out[32];
	double v;
	const struct sl_metric *s = sl_metrics_all(m, &n);
	for (size_t i = 0; i < n; i++) {
		if (!sl_metrics_get(m, s[i].key, &v))
			abort();
		if (strlen(s[i].key) > 0 && sl_metric_is(&s[i], ""))
			if (s[i].key[0] != '{')
				abort();
		for (size_t k = 0; k < sizeof(labels) / sizeof(labels[0]); k++)
			if (sl_metric_label(&s[i], labels[k], out, sizeof(out)) &&
				strlen(out) >= sizeof(out))
				abort();
		if (n > 64)
			break; /* the search is linear */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_metrics *m = NULL;
	if (sl_metrics_answer(&m, (const char *)data, size) == 0) {
		ask_all(m);
		sl_metrics_free(m);
	}
	m = NULL;
	if (sl_metrics_parse(&m, (const char *)data, size) == 0) {
		ask_all(m);
		sl_metrics_free(m);
	}
	return 0;
}

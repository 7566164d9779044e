/* SPDX-License-Identifier: BSD-3-Clause */
/* paths_text.c - the table of object paths as people read it. Control threads. */
#include <stdio.h>
#include <string.h>

#include <sightline/intel.h>

#include "paths.h"

static const char *field_text(enum sl_flow_field f)
{
	static const char *const texts[] = { [SL_FIELD_SRC_PORT] = "port of the flow's initiator",
		[SL_FIELD_DST_PORT] = "port of the flow's responder",
		[SL_FIELD_ANY_PORT] = "port of either end",
		[SL_FIELD_PROTOCOLS] = "protocols of the flow, each",
		[SL_FIELD_SRC_BYTES] = "bytes from the initiator",
		[SL_FIELD_DST_BYTES] = "bytes from the responder",
		[SL_FIELD_SRC_PACKETS] = "packets from the initiator",
		[SL_FIELD_DST_PACKETS] = "packets from the responder",
		[SL_FIELD_START] = "time of the flow's first packet",
		[SL_FIELD_END] = "time of the flow's last packet",
		[SL_FIELD_IS_ACTIVE] = "whether the flow goes on",
		[SL_FIELD_VLAN] = "VLAN of the flow" };
	return texts[f];
}

static void meaning(const struct path_row *row, char *out, size_t cap)
{
	switch (row->kind) {
	case PATH_VALUE:
		if (row->wheres == NULL)
			snprintf(out, cap, "every place of its type");
		else
			snprintf(out, cap, "%s%s%s", row->wheres,
				row->name_too ? "; a name: what leads to it" : "",
				row->weak ? "; never alone" : "");
		break;
	case PATH_FIELD:
		snprintf(out, cap, "%s; never alone", field_text(row->field));
		break;
	case PATH_CONTEXT:
		snprintf(out, cap, "explains; is left out");
		break;
	case PATH_UNSEEN:
		snprintf(out, cap, "not seen");
		break;
	}
}

/* roff reads '-' as a hyphen and '\' as itself. */
static void put_roff(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '-' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

void sl_intel_paths(FILE *out, bool roff)
{
	char text[256];
	for (size_t i = 0; i < path_row_count; i++) {
		meaning(&path_rows[i], text, sizeof(text));
		if (!roff) {
			fprintf(out, "%-78s %s\n", path_rows[i].path, text);
			continue;
		}
		fputs(".TP\n", out);
		put_roff(out, path_rows[i].path);
		fputc('\n', out);
		put_roff(out, text);
		fputc('\n', out);
	}
}

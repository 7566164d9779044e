/* SPDX-License-Identifier: BSD-3-Clause */
/* messages.h - sightings for tests, without a sensor. */
#ifndef TEST_MESSAGES_H
#define TEST_MESSAGES_H

#include <stdio.h>

#include <sightline/wire.h>

/* One whole sighting; its parts live in the struct, so that it must stay where it is. */
struct made {
	Sightline__V1__Sighting m;
	Sightline__V1__Observable observable;
	Sightline__V1__Flow flow;
	Sightline__V1__Indicator indicator, *indicators[1];
	char id[37], value[64];
};

static inline Sightline__V1__Sighting *made_sighting(
	struct made *x, const char *type, const char *source, unsigned n)
{
	sightline__v1__sighting__init(&x->m);
	sightline__v1__observable__init(&x->observable);
	sightline__v1__flow__init(&x->flow);
	sightline__v1__indicator__init(&x->indicator);
	snprintf(x->id, sizeof(x->id), "00000000-0000-5000-8000-%012x", n);
	snprintf(x->value, sizeof(x->value), "n%u.evil.example", n);
	x->m.id = x->id;
	x->m.revision = 1;
	x->m.sensor = (char *)"tap-1";
	x->m.boot = (char *)"b007";
	x->m.seq = n;
	x->m.count = 1;
	x->m.first_seen = x->m.last_seen = 1769850000123456789u;
	x->m.match = (char *)"suffix";
	x->m.direction = (char *)"outbound";
	x->m.outcome = (char *)"answered";
	x->m.observable = &x->observable;
	x->observable.type = (char *)type;
	x->observable.value = x->value;
	x->observable.where = (char *)"dns.query";
	x->m.flow = &x->flow;
	x->flow.src = (char *)"10.0.0.1";
	x->flow.sport = 40000;
	x->flow.dst = (char *)"8.8.8.8";
	x->flow.dport = 53;
	x->flow.proto = (char *)"udp";
	x->flow.app = (char *)"dns";
	x->indicator.id = (char *)"i-1";
	x->indicator.source = (char *)source;
	x->indicator.name = (char *)"a name";
	x->indicator.type = (char *)"domain-name";
	x->indicators[0] = &x->indicator;
	x->m.indicators = x->indicators;
	x->m.n_indicators = 1;
	return &x->m;
}

#endif

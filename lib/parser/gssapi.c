/* SPDX-License-Identifier: BSD-3-Clause */
/* gssapi.c - what security blobs (RFC 2743, 4178, 4121) tell of who authenticates. Worker; looks at
 * bytes, keeps nothing. */
#include "gssapi.h"
#include "der.h"
#include "kerberos_message.h"
#include "ntlm.h"
#include <sightline/hot.h>

bool gssapi_tells(struct sl_span blob)
{
	uint8_t user[NTLM_USER_MAX];
	return kerberos_request_in(blob).len > 0 || ntlm_user(blob, user) > 0;
}

bool gssapi_say(struct say *s, struct sl_span blob)
{
	uint8_t user[NTLM_USER_MAX];
	bool sound;
	if (say_needs(s, SL_WHERE_NTLM_USER) &&
		!say_raw(s, SL_WHERE_NTLM_USER, sl_span(user, ntlm_user(blob, user))))
		return false;
	struct sl_span request = kerberos_request_in(blob);
	if (request.len == 0)
		return true;
	if (!kerberos_say(s, request, &sound))
		return false;
	if (!sound || der_size(request) > request.len)
		say_part(s);
	return true;
}

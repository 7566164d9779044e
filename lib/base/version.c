/* SPDX-License-Identifier: BSD-3-Clause */
/* version.c - what was built and how, from the build's own record. Constant; any thread. */
#include <sightline/config.h>

#include "version.h"

const char *sl_version_text(void)
{
	return SL_VERSION " (" SL_MARCH ", " SL_FLAVOUR ", " SL_COMPILER ", DPDK " SL_DPDK
			  ", Hyperscan " SL_HYPERSCAN ")";
}

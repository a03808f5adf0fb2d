/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fuzz_signatures.c puts into each input, that the seeds reckon with. */
#ifndef KX_FUZZ_SIGNATURES_H
#define KX_FUZZ_SIGNATURES_H

#define FUZZ_PADDING 32768
#define FUZZ_PADDING_AT 1024 /* behind the headers */

#endif

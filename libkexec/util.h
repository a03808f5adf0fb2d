/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_UTIL_H
#define KX_UTIL_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* For __attribute__((cleanup)): `_cleanup_(kx_freep) char *s = NULL;` */
#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void kx_freep(void *p)
{
	free(*(void **)p);
}

#define _cleanup_free_ _cleanup_(kx_freep)

/* A descriptor; a negative one is none. */
static inline void kx_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Takes the value out of @p, for passing ownership on. */
#define kx_steal(p)                             \
	({                                      \
		__typeof__(p) kx_stolen_ = (p); \
		(p) = NULL;                     \
		kx_stolen_;                     \
	})

/* A system call again for as long as signals interrupt it: glibc's TEMP_FAILURE_RETRY(), which musl has not. */
#define kx_retry(call)                                   \
	({                                               \
		__typeof__(call) kx_got_;                \
		do                                       \
			kx_got_ = (call);                \
		while (kx_got_ == -1 && errno == EINTR); \
		kx_got_;                                 \
	})

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The last steps: the mode, and the state, that the next kernel wants to be entered in. */
#include "purgatory/arch/x86/x86.h"
#include "purgatory/purgatory.h"

/* entry.S */
_Noreturn void kx_start_64(uint64_t entry, const struct kx_handoff_regs *regs);

_Noreturn void kx_arch_start(const struct kx_handoff *handoff)
{
	kx_start_64(handoff->entry, &handoff->regs);
}

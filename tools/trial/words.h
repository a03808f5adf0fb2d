/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trial boot's init and the command that waits for it say to each other. */
#ifndef KX_TRIAL_WORDS_H
#define KX_TRIAL_WORDS_H

#define KX_TRIAL_PATH "kexec-trial"
#define KX_TRIAL_WORD "kexec_trial"
#define KX_TRIAL_UP "kexec-trial: the initrd is unpacked"
#define KX_TRIAL_FULL "kexec-trial: no memory for the programs"
#define KX_TRIAL_DONE "kexec-trial: done"

#endif

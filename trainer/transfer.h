/* SPDX-License-Identifier: MIT
 *
 * transfer.h - a network that begins with the weights of another. */
#ifndef CEDM_TRAINER_TRANSFER_H
#define CEDM_TRAINER_TRANSFER_H

#include "trainer/model_file.h"

/* Takes the tensors of a checkpoint whose name and shape are the network's;
 * of a state of cedm-train, those of the average.  Says in text[size] how many
 * and which not.  If they have less than half of the parameters that is an
 * error, unless any is set; nothing at all is one in any case. */
bool train_transfer(train_model_file *m, const cg_file *from, bool any,
                    char *text, size_t size, host_failure *f);

#endif

/* SPDX-License-Identifier: MIT
 *
 * ranks_none.c - built where there is no nccl.h: ranks cannot join, so that
 * nothing is asked of those that did. */
#include "trainer/cuda/device_net.h"

cedm_status train_cuda_peer(uint32_t device, unsigned char *uuid)
{
    (void)device;
    (void)uuid;
    return CEDM_E_DEVICE;
}

cedm_status train_cuda_invite(train_cuda_net *net, unsigned char *invitation)
{
    (void)net;
    (void)invitation;
    return CEDM_E_STATE;
}

cedm_status train_cuda_join(train_cuda_net *net,
                            const unsigned char *invitation, uint32_t rank,
                            uint32_t size)
{
    (void)net;
    (void)invitation;
    (void)rank;
    (void)size;
    return CEDM_E_STATE;
}

void train_cuda_leave(train_cuda_net *net)
{
    (void)net;
}

cedm_status train_cuda_queue_sum(const train_cuda_net *net)
{
    (void)net;
    return CEDM_E_STATE;
}

cedm_status train_cuda_wait_ranks(const train_cuda_net *net, void *event)
{
    (void)net;
    (void)event;
    return CEDM_E_STATE;
}

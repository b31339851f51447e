/* SPDX-License-Identifier: MIT */
/* The partial's name and who may use it: the inner half of stage.h. */
#ifndef FILE_STAGE_PARTIAL_H
#define FILE_STAGE_PARTIAL_H

#include "file/stage.h"

/* Opens the partial for stage->name in dir_fd by stage->flags; sets fd, partial, size and unique.
 */
int stage_partial_open(struct file_stage *stage, int dir_fd);

#endif

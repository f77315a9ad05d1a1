#include "agent/face/frames.h"

void frames_shown(struct frames *frames, int64_t now_ns)
{
    if (frames->shown_ns != 0 && now_ns - frames->shown_ns > FRAMES_PERIOD_NS * 3 / 2)
        frames->late++;
    frames->shown_ns = now_ns;
}

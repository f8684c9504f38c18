package example.weir.flink;

import java.io.File;
import java.io.Serializable;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Lets a job fail on demand: when the file {@code fail-<job>} appears in the directory that the system property
 * {@code weir.control} names (the file is deleted, so it fails once), and by itself now and then.
 */
class FailureSwitch implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final long LOOK_EVERY_MILLIS = 200;

    private final String job;
    private final long everyMillis;

    private transient File file;
    private transient long nextLook;
    private transient long failAt;

    /** @param everyMillis mean time between failures, 0 for never; the time varies by a quarter either way */
    FailureSwitch(String job, long everyMillis) {
        this.job = job;
        this.everyMillis = everyMillis;
    }

    /** Only subtask 0 fails by itself: others would multiply the failures. */
    void open(int subtask) {
        file = new File(System.getProperty("weir.control", "."), "fail-" + job);
        failAt = Long.MAX_VALUE;
        if (everyMillis > 0 && subtask == 0) {
            long jitter = everyMillis / 4;
            failAt = System.currentTimeMillis() + everyMillis - jitter + ThreadLocalRandom.current().nextLong(2 * jitter + 1);
        }
    }

    void check() {
        long now = System.currentTimeMillis();
        if (now >= failAt) {
            throw new IllegalStateException("planned failure of " + job);
        }
        if (now < nextLook) {
            return;
        }
        nextLook = now + LOOK_EVERY_MILLIS;
        if (file.delete()) {
            throw new IllegalStateException("injected failure of " + job);
        }
    }
}

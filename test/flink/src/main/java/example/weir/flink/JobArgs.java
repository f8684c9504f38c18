package example.weir.flink;

/** The three arguments of both jobs: orders per second, parallelism, and seconds between failures (0: never). */
final class JobArgs {
    final double perSecond;
    final int parallelism;
    final long failEveryMillis;

    private JobArgs(double perSecond, int parallelism, long failEveryMillis) {
        this.perSecond = perSecond;
        this.parallelism = parallelism;
        this.failEveryMillis = failEveryMillis;
    }

    static JobArgs parse(String[] args) {
        if (args.length != 3) {
            throw new IllegalArgumentException("want <orders per second> <parallelism> <seconds between failures>");
        }
        return new JobArgs(
                Double.parseDouble(args[0]), Integer.parseInt(args[1]), Math.round(Double.parseDouble(args[2]) * 1000));
    }
}

package example.weir.flink;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** An endless, rate-limited source of orders. */
final class OrderSource {
    private static final int CUSTOMERS = 97;
    private static final long LATE_BY_MILLIS = 60_000;

    private OrderSource() {}

    /**
     * Adds a source to the job.
     *
     * @param perSecond orders per second over all subtasks
     * @param lateEvery every how many orders one comes a minute late, so that windows drop it; 0 for none
     */
    static DataStream<Order> add(StreamExecutionEnvironment env, String name, double perSecond, int lateEvery) {
        DataGeneratorSource<Order> source = new DataGeneratorSource<>(
                index -> order(index, lateEvery),
                Long.MAX_VALUE,
                RateLimiterStrategy.perSecond(perSecond),
                TypeInformation.of(Order.class));
        WatermarkStrategy<Order> watermarks = WatermarkStrategy
                .<Order>forBoundedOutOfOrderness(Duration.ofSeconds(2))
                .withTimestampAssigner((order, ignored) -> order.time);
        return env.fromSource(source, watermarks, name);
    }

    private static Order order(long index, int lateEvery) {
        boolean late = lateEvery > 0 && index % lateEvery == lateEvery - 1;
        long time = System.currentTimeMillis() - (late ? LATE_BY_MILLIS : 0);
        return new Order("customer-" + index % CUSTOMERS, 100 + index * 7919 % 9_900, time);
    }
}

package example.weir.flink;

import java.time.Duration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/** Orders of each customer, summed over windows of 5 s event time; one order in fifty is too late for its window. */
public final class OrdersJob {
    private OrdersJob() {}

    public static void main(String[] args) throws Exception {
        JobArgs parsed = JobArgs.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(parsed.parallelism);
        env.enableCheckpointing(5_000);

        OrderSource.add(env, "orders source (datagen)", parsed.perSecond, 50)
                .map(new Enrich(new FailureSwitch("orders", parsed.failEveryMillis)))
                .name("enrich: order -> priced/order")
                .keyBy(order -> order.customer)
                .window(TumblingEventTimeWindows.of(Duration.ofSeconds(5)))
                .reduce((a, b) -> new Order(a.customer, a.cents + b.cents, Math.max(a.time, b.time)))
                .name("sum per 5s window")
                .sinkTo(new DiscardingSink<>())
                .name("discard");
        env.execute("Orders pipeline (v1.2) - EU");
    }
}

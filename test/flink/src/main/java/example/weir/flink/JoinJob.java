package example.weir.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/** Joins payments with the last order of the same customer: a task with two inputs and state. */
public final class JoinJob {
    private JoinJob() {}

    public static void main(String[] args) throws Exception {
        JobArgs parsed = JobArgs.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(parsed.parallelism);
        env.enableCheckpointing(5_000);

        DataStream<Order> orders = OrderSource.add(env, "orders", parsed.perSecond, 0)
                .map(new Enrich(new FailureSwitch("join", parsed.failEveryMillis)))
                .name("enrich");
        DataStream<Order> payments = OrderSource.add(env, "payments", parsed.perSecond / 2, 0);
        orders.keyBy(order -> order.customer)
                .connect(payments.keyBy(payment -> payment.customer))
                .process(new LastOrder())
                .name("join payments with orders")
                .sinkTo(new DiscardingSink<>())
                .name("discard");
        env.execute("join-job");
    }

    private static final class LastOrder extends KeyedCoProcessFunction<String, Order, Order, Order> {
        private transient ValueState<Long> cents;

        @Override
        public void open(OpenContext context) {
            cents = getRuntimeContext().getState(new ValueStateDescriptor<>("last-order-cents", Long.class));
        }

        @Override
        public void processElement1(Order order, Context context, Collector<Order> out) throws Exception {
            cents.update(order.cents);
        }

        @Override
        public void processElement2(Order payment, Context context, Collector<Order> out) throws Exception {
            Long ordered = cents.value();
            if (ordered != null) {
                out.collect(new Order(payment.customer, ordered - payment.cents, payment.time));
            }
        }
    }
}

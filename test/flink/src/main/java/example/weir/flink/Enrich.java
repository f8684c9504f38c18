package example.weir.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.Meter;
import org.apache.flink.metrics.MeterView;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.metrics.DescriptiveStatisticsHistogram;

/**
 * Passes orders on unchanged, but has one user metric of each kind, under a group whose key and value hold characters
 * that Prometheus names and labels may not have.
 */
class Enrich extends RichMapFunction<Order, Order> {
    private final FailureSwitch failure;

    private transient Counter seen;
    private transient Histogram value;
    private transient Meter rate;
    private transient long lastCents;

    Enrich(FailureSwitch failure) {
        this.failure = failure;
    }

    @Override
    public void open(OpenContext context) {
        MetricGroup group = getRuntimeContext()
                .getMetricGroup()
                .addGroup("tenant", "acme corp/eu-1")
                .addGroup("Orders.v1");
        seen = group.counter("orders-seen");
        value = group.histogram("orderValue", new DescriptiveStatisticsHistogram(1000));
        rate = group.meter("orderRate", new MeterView(60));
        group.gauge("lastOrderCents", () -> lastCents);
        failure.open(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
    }

    @Override
    public Order map(Order order) {
        failure.check();
        seen.inc();
        value.update(order.cents);
        rate.markEvent();
        lastCents = order.cents;
        return order;
    }
}

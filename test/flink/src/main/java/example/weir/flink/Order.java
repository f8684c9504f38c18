package example.weir.flink;

/** One order, as the generated sources emit it. Public fields and the empty constructor make it a Flink POJO. */
public class Order {
    /** Key of windows and joins: one of a few dozen customers. */
    public String customer;

    /** Value in cents. */
    public long cents;

    /** Event time in milliseconds since the epoch. */
    public long time;

    public Order() {}

    public Order(String customer, long cents, long time) {
        this.customer = customer;
        this.cents = cents;
        this.time = time;
    }
}

package org.junit.runner;

/** A STUB of JUnit's, for the compiler. */
public @interface RunWith {
    Class<? extends Runner> value();
}

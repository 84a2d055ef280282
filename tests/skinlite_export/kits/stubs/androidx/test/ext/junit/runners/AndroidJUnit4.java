package androidx.test.ext.junit.runners;

/** A STUB of AndroidX Test's, for the compiler. */
public final class AndroidJUnit4 extends org.junit.runner.Runner {}

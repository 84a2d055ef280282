package org.junit;

/** A STUB of JUnit's, for the compiler. */
public @interface Test {}

/** What tests take of electron.mjs. */

/** What is put before a command, so that it runs as an ordinary user; empty where whoever runs the tests is one. */
export const asOrdinaryUser: readonly string[];

/** The number of that user. */
export const ordinaryUser: number | undefined;

/** Raise it with every change of what is read in a file: files of a lower version are read again. */
export const MINER_VERSION = 1;

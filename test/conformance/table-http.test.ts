/** The table under the protocol http: a file of its own, so that the three run side by side. */
import { describeTable } from './table.ts';

describeTable('http');

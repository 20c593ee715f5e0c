/** Rules of the plots that reports of series have. */
import { intervalStyle } from './interval-rows.ts';
import { plotStyle } from './xy-plot.ts';

export const chartStyleOfPlots = plotStyle + intervalStyle;

// The package's processor registers itself.
import '@sapphi-red/web-noise-suppressor/gtcrnWorklet.js';

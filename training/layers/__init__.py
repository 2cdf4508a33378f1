"""Which layer of the CNN to take features from (Huynh 2016, Fig. 3)."""

"""What came of every plan as Parquet files, each record once, and the questions a data team asks first."""

def write_report(found, md, png):
    print(len(found))
